//! `<xuchuan-upload>` as a person meets it: chosen, dropped and pasted files, forms, the keyboard, what an earlier visit left. Where a
//! scenario tries what users of others reported, it names the report.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use e2e::browser::{Browser, Key};
use e2e::engine::Engine;
use e2e::files::{self, MIB};
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::{scenario, watch};
use serde_json::{Value, json};

/// Opens the page with `markup` in it.
async fn open(browser: &Browser, setting: &Setting, markup: &str) -> Result<()> {
    visit(browser, setting, "/e2e/element.html", markup).await
}

async fn visit(browser: &Browser, setting: &Setting, page: &str, markup: &str) -> Result<()> {
    // The storage is the site's: a page of it has to be there first.
    browser.open(&setting.wire.url("/e2e/sent.html")).await?;
    browser.run::<()>("sessionStorage.setItem('markup', args)", json!(markup)).await?;
    browser.open(&setting.wire.url(page)).await
}

/// Runs each script, and fails with the first that does not return true, and what it returned.
async fn holds(browser: &Browser, scripts: &[(&str, &str)]) -> Result<()> {
    for (what, script) in scripts {
        let told: Value = browser.run(script, json!(null)).await.with_context(|| (*what).to_owned())?;
        ensure!(told == json!(true), "{what}: {told}");
    }
    Ok(())
}

const FORM: &str = "<form action=/e2e/sent.html><label for=up>Attachments</label>
    <xuchuan-upload id=up name=attachment multiple auto required></xuchuan-upload><button>Send</button></form>";

/// Chosen in the browser's own way, uploaded, and sent with the form, which waits for that (pqina/filepond#263); a single one under the
/// name as it is (uploadcare/file-uploader#601).
async fn choosing(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let files = stage.folder("files")?;
    let file = files::random(&files, "chosen.bin", 81, 6 * MIB)?;
    open(&browser, &setting, FORM).await?;
    holds(
        &browser,
        &[(
            "empty and required",
            "const { validity, willValidate, value } = up.element();
         let sent = false;
         document.forms[0].onsubmit = () => (sent = true);
         document.forms[0].requestSubmit();
         return willValidate && validity.valueMissing && value === '' && !sent && up.entries().length === 0",
        )],
    )
    .await?;
    setting.wire.rate(Some(3_000_000));
    browser.choose_within(INPUT, &[&file.path]).await?;
    holds(&browser, &[
        (
            "under way, and not to be sent",
            "await up.until(() => up.shows('chosen.bin')?.reached > 20);
             const { act, status, phase } = up.shows('chosen.bin');
             return phase === 'moving' && act === 'Pause: chosen.bin' && /MB/.test(status) && up.element().validity.customError",
        ),
        ("done", "await up.reaches('chosen.bin', 'done'); return up.element().validity.valid"),
        (
            "an event for each thing that happened",
            "const order = up.seen.filter((type, at) => type !== up.seen[at - 1]).join(' ');
             return order === 'upload-added upload-progress input change upload-done' || order",
        ),
        (
            "the URL, in the form, and as a link",
            "const { urls, value, form, labels } = up.element();
             const path = new URL(value).pathname;
             return urls.length === 1 && form === document.forms[0] && labels.length === 1
               && up.entries()[0] === `attachment=${path}` && up.shows('chosen.bin').href === value",
        ),
        ("heard", "return up.until(() => up.said() === 'chosen.bin: Uploaded')"),
    ])
    .await?;
    browser.run::<()>("setTimeout(() => document.forms[0].requestSubmit())", json!(null)).await?;
    let sent = "return location.pathname === '/e2e/sent.html' ? new URLSearchParams(location.search).get('attachment') : ''";
    let url = e2e::wait::until("the form to be sent", Duration::from_secs(10), async || {
        Ok(Some(browser.run::<String>(sent, json!(null)).await.unwrap_or_default())
            .filter(|url| !url.is_empty()))
    })
    .await?;
    ensure!(url.ends_with(&format!("{}.bin", file.md5()?)), "{url}");
    no_errors(&browser).await
}

const INPUT: &str = "return up.element().shadowRoot.querySelector('input')";

/// What a form does to its controls: reset, disabled fieldsets (wbstr/vaadin-multifileupload#47, epicmaxco/vuestic-ui#2153), a page
/// that is come back to.
async fn forms(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let markup = "<form><fieldset><xuchuan-upload name=a multiple auto></xuchuan-upload></fieldset></form>";
    open(&browser, &setting, markup).await?;
    holds(&browser, &[
        (
            "two, as two entries",
            "await up.element().addFiles([up.file('one.txt'), up.file('two.txt')]);
             await up.reaches('one.txt', 'done');
             await up.reaches('two.txt', 'done');
             return up.entries().length === 2 && up.element().urls.length === 2",
        ),
        (
            "a file that is gone does not go with it",
            "up.row('one.txt').querySelector('.button.icon:last-child').click();
             await up.frame();
             return up.entries().length === 1 && up.shows('one.txt') === null && up.seen.filter((type) => type === 'upload-removed').length === 1",
        ),
        (
            "disabled, it takes nothing and gives nothing",
            "document.querySelector('fieldset').disabled = true;
             await up.frame();
             up.drop(up.element(), [up.file('dropped.txt')]);
             up.paste(document.body, [up.file('pasted.txt')]);
             const controls = [...up.element().shadowRoot.querySelectorAll('button')].filter(up.isShown);
             await new Promise((go) => setTimeout(go, 100));
             return controls.every((one) => one.disabled) && up.element().files.length === 1 && up.entries().length === 0",
        ),
        (
            "enabled again",
            "document.querySelector('fieldset').disabled = false;
             await up.frame();
             return up.entries().length === 1 && !up.part('choose').disabled",
        ),
        (
            "reset",
            "document.forms[0].reset();
             await up.frame();
             return up.element().files.length === 0 && up.entries().length === 0 && !up.isShown(up.part('list'))",
        ),
        (
            "under another name, and under none",
            "await up.element().addFiles([up.file('three.txt')]);
             await up.reaches('three.txt', 'done');
             up.element().name = 'b';
             const named = up.entries()[0];
             up.element().removeAttribute('name');
             return named.startsWith('b=') && up.entries().length === 0",
        ),
        (
            "emptied as a file input is",
            "up.element().value = ''; await up.frame(); return up.element().files.length === 0",
        ),
    ])
    .await?;
    // Come back to, the URLs are there again: by the browser's memory of the form, or by the page being kept as it was.
    open(&browser, &setting, FORM).await?;
    holds(&browser, &[(
        "uploaded before the page is left",
        "await up.element().addFiles([up.file('kept.txt')]); await up.reaches('kept.txt', 'done'); return up.element().validity.valid",
    )])
    .await?;
    browser.run::<()>("setTimeout(() => document.forms[0].submit())", json!(null)).await?;
    e2e::wait::until("the next page", Duration::from_secs(10), async || {
        Ok(browser
            .run::<bool>("return location.pathname.endsWith('sent.html')", json!(null))
            .await?
            .then_some(()))
    })
    .await?;
    browser.run::<()>("setTimeout(() => history.back())", json!(null)).await?;
    e2e::wait::until("the page before", Duration::from_secs(10), async || {
        let there = "return location.pathname.endsWith('element.html') && Boolean(window.up?.element())";
        Ok(browser.run::<bool>(there, json!(null)).await.unwrap_or(false).then_some(()))
    })
    .await?;
    let urls: usize = browser
        .run("await up.frame(); await up.frame(); return up.element().urls.length", json!(null))
        .await?;
    // WebKitGTK's MiniBrowser under automation keeps neither.
    ensure!(urls == 1 || stage.engine == Engine::WebKit, "{urls} URLs are left");
    no_errors(&browser).await
}

/// Dropped and pasted, within the limits and beyond: what is refused does not stand in the form's way (pqina/filepond#1032); one replaces
/// another where there can be one (vaadin/web-components#562); the same file can be had again (parttio/easyuploads#14).
async fn ways_in(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let markup = "<form><xuchuan-upload name=a multiple auto accept='image/*,.txt' max-size=10kB max-files=3></xuchuan-upload></form>
        <textarea></textarea><div id=beside style='height:50px'></div>";
    open(&browser, &setting, markup).await?;
    holds(&browser, &[
        (
            "says its limits",
            "await up.frame(); return up.part('limits').textContent.replace(/\\s/g, ' ') === 'Up to 10 kB each · At most 3 files'",
        ),
        (
            "dropped",
            "const taken = up.drop(up.element(), [await up.picture('a.png', 300, 100), up.file('b.txt')]);
             await up.reaches('a.png', 'done');
             await up.reaches('b.txt', 'done');
             return taken && up.until(() => up.shows('a.png').picture)",
        ),
        (
            "refused, and why",
            "up.drop(up.element(), [up.file('c.exe'), up.file('d.txt', 10001), up.file('b.txt')]);
             await up.until(() => up.message().length === 3);
             const words = up.message().join(' | ').replace(/\\s/g, ' ');
             const expected = 'c.exe: this kind of file is not accepted | d.txt: larger than 10 kB | b.txt: already in the list';
             return (words === expected && up.element().validity.valid && up.entries().length === 2) || words",
        ),
        (
            "pasted, but not from a field",
            "const image = await up.picture('image.png', 20, 20);
             const field = up.paste(document.querySelector('textarea'), [image]);
             const page = up.paste(document.body, [image]);
             await up.reaches('image.png', 'done');
             return !field && page && up.message().length === 0",
        ),
        (
            "too many",
            "up.drop(up.element(), ['e', 'f', 'g', 'h', 'i'].map((name) => up.file(`${name}.txt`)));
             await up.until(() => up.message().length === 4);
             return up.element().files.length === 3 && up.message()[3] === 'and 2 more' && up.message()[0] === 'e.txt: there are 3 files already'",
        ),
        (
            "taken out, and had again",
            "up.element().removeFile(up.item('b.txt'));
             await up.element().addFiles([up.file('b.txt')]);
             await up.reaches('b.txt', 'done');
             return up.element().urls.length === 3",
        ),
        (
            "beside it, the page is not left; a field does what it does",
            "return up.drop(document.querySelector('#beside'), [up.file('x.txt')]) && !up.drop(document.querySelector('textarea'), [up.file('x.txt')])
               && up.element().files.length === 3",
        ),
        (
            "the page may not want it",
            "up.element().clear();
             up.element().addEventListener('upload-added', (event) => event.detail.item.name === 'no.txt' && event.preventDefault());
             await up.element().addFiles([up.file('no.txt'), up.file('yes.txt')]);
             return up.element().files.map(({ name }) => name).join() === 'yes.txt' && up.message().length === 0",
        ),
    ])
    .await?;
    let markup = "<xuchuan-upload directory auto></xuchuan-upload><form><xuchuan-upload name=one auto></xuchuan-upload></form>";
    open(&browser, &setting, markup).await?;
    holds(&browser, &[
        (
            "a folder, where that is wanted",
            "const inside = Object.defineProperty(up.file('x.txt'), 'webkitRelativePath', { value: 'photos/x.txt' });
             await up.element(0).addFiles([inside]);
             await up.element(1).addFiles([inside]);
             await up.reaches('x.txt', 'done');
             return up.item('x.txt').path === 'photos/x.txt' && up.message(1)[0] === 'photos/x.txt: folders can’t be uploaded'
               && up.isShown(up.part('folder', 0)) && !up.isShown(up.part('folder', 1)) && up.element(1).files.length === 0",
        ),
        (
            "one, and another in its place",
            "await up.element(1).addFiles([up.file('first.txt'), up.file('second.txt')]);
             await up.reaches('first.txt', 'done', 1);
             const one = up.message(1)[0];
             await up.element(1).addFiles([up.file('third.txt')]);
             await up.reaches('third.txt', 'done', 1);
             return one === 'second.txt: only one file can be uploaded' && up.element(1).files.length === 1
               && up.entries().length === 1 && up.entries()[0].startsWith('one=') && up.part('choose', 1).textContent === 'Choose a file'",
        ),
        (
            "a label opens the picker, and disabled it does not",
            "const element = up.element(1);
             const label = Object.assign(document.createElement('label'), { htmlFor: (element.id = 'second') });
             document.body.append(label);
             let opened = 0;
             element.shadowRoot.querySelector('input').click = () => (opened += 1);
             delete window.showOpenFilePicker;
             label.click();
             up.part('drop-zone', 1).click();
             await new Promise((go) => setTimeout(go));
             element.disabled = true;
             label.click();
             up.part('drop-zone', 1).click();
             await new Promise((go) => setTimeout(go));
             return opened === 2 || opened",
        ),
    ])
    .await?;
    no_errors(&browser).await
}

/// By the keyboard alone: Enter pressed too often destroys nothing, and the focus is never lost (vaadin/web-components#6292).
async fn keyboard(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    setting.wire.rate(Some(2_000_000));
    open(&browser, &setting, "<xuchuan-upload multiple></xuchuan-upload><button id=after>After</button>")
        .await?;
    holds(
        &browser,
        &[(
            "chosen, not begun",
            "await up.element().addFiles(['a', 'b', 'c'].map((name) => up.file(`${name}.bin`, 6 << 20)));
         await up.until(() => up.shows('c.bin')?.phase === 'chosen' && up.isShown(up.part('start')));
         up.element().focus();
         return up.focus() === 'Choose files' || up.focus()",
        )],
    )
    .await?;
    strike(&browser, &[Key::Tab], "Upload").await?;
    // The button is gone, and with it its neighbours that another Enter would reach: the first file has the focus.
    browser.strike(Key::Enter).await?;
    holds(&browser, &[(
        "begun",
        "await up.until(() => up.item('a.bin').phase === 'moving' && up.shows('a.bin').act && !up.isShown(up.part('start')));
         return up.focus() === 'row a.bin' || up.focus()",
    )])
    .await?;
    strike(&browser, &[Key::Tab], "Pause: a.bin").await?;
    for what in ["paused", "moving", "paused"] {
        browser.strike(Key::Enter).await?;
        let phase = format!("await up.reaches('a.bin', '{what}'); return true");
        holds(&browser, &[("Enter", &phase)]).await?;
    }
    strike(&browser, &[Key::Tab], "Remove: a.bin").await?;
    for (what, focus) in [("a.bin", "row b.bin"), ("b.bin", "row c.bin"), ("c.bin", "Choose files")] {
        browser.strike(Key::Enter).await?;
        let script = format!(
            "await up.until(() => !up.item('{what}')); return up.focus() === {focus:?} || up.focus()"
        );
        holds(&browser, &[(what, &script)]).await?;
        if focus.starts_with("row") {
            // Enter on the row itself does nothing.
            browser.strike(Key::Enter).await?;
            strike(&browser, &[Key::Tab, Key::Tab], &focus.replace("row", "Remove:")).await?;
        }
    }
    holds(
        &browser,
        &[(
            "it finishes under the focus",
            "up.element().auto = true;
         await up.element().addFiles([up.file('d.bin', 200_000)]);
         await up.reaches('d.bin', 'moving');
         up.row('d.bin').querySelector('button').focus();
         await up.reaches('d.bin', 'done');
         return up.focus() === 'row d.bin' || up.focus()",
        )],
    )
    .await?;
    strike(&browser, &[Key::Tab], "Remove: d.bin").await.or(strike(&browser, &[], "d.bin").await)?;
    no_errors(&browser).await
}

async fn strike(browser: &Browser, keys: &[Key], focus: &str) -> Result<()> {
    for key in keys {
        browser.strike(key.clone()).await?;
    }
    let now: Option<String> = browser.run("await up.frame(); return up.focus()", json!(null)).await?;
    ensure!(now.as_deref() == Some(focus), "the focus is on {now:?}, not on {focus}");
    Ok(())
}

/// What a visit left is listed in the next one, and goes on with its file, not with another of its name and size.
async fn left_unfinished(stage: &Stage) -> Result<()> {
    let size = 24 * MIB;
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    setting.wire.rate(Some(12_000_000));
    let markup = "<xuchuan-upload id=one multiple auto></xuchuan-upload><xuchuan-upload id=two multiple></xuchuan-upload>";
    open(&browser, &setting, markup).await?;
    holds(
        &browser,
        &[(
            "half done",
            "await up.element().addFiles([up.file('film.mov', 24 << 20)]);
         await up.until(() => up.item('film.mov').confirmed > 8 << 20);
         return localStorage.length === 1",
        )],
    )
    .await?;
    browser.reload().await?;
    holds(&browser, &[
        (
            "listed, where it was begun, and not in the form's way",
            // The record of it is up to half a second older than the page was.
            "await up.until(() => up.shows('film.mov')?.act);
             const { phase, act, status, reached } = up.shows('film.mov');
             return (phase === 'unfinished' && act === 'Choose the file again: film.mov' && reached > 0 && up.element(1).files.length === 0
               && up.element().validity.valid && /^\\d+% uploaded until /.test(status)) || JSON.stringify(up.shows('film.mov'))",
        ),
        (
            "a file of another name is another upload",
            "await up.element().addFiles([up.file('other.txt')]);
             await up.reaches('other.txt', 'done');
             return up.item('film.mov').phase === 'unfinished'",
        ),
        (
            "another file of that name and size",
            "await up.element().addFiles([up.file('film.mov', 24 << 20, { seed: 2, lastModified: 2 })]);
             await up.reaches('film.mov', 'failed');
             const { act, status, detail } = up.shows('film.mov');
             return (act === 'Choose the file again: film.mov' && status === 'This is not the same file' && detail !== '') || JSON.stringify(up.shows('film.mov'))",
        ),
    ])
    .await?;
    let before = setting.wire.ledger().now();
    holds(
        &browser,
        &[(
            "the right one",
            "await up.element().addFiles([up.file('film.mov', 24 << 20)]);
         await up.reaches('film.mov', 'done');
         return up.element().urls.length === 2 && localStorage.getItem(localStorage.key(0)) === '{}'",
        )],
    )
    .await?;
    setting.nothing_again()?;
    ensure!(setting.wire.ledger().chunk_bytes(before) < size * 3 / 4, "all of it was sent");
    // Forgotten by hand, it is not listed again.
    holds(
        &browser,
        &[(
            "begun once more",
            "await up.element().addFiles([up.file('second.mov', 24 << 20)]);
         await up.until(() => up.item('second.mov').confirmed > 8 << 20);
         return true",
        )],
    )
    .await?;
    browser.reload().await?;
    holds(
        &browser,
        &[(
            "forgotten",
            "await up.until(() => up.shows('second.mov'));
         up.row('second.mov').querySelector('button:last-child').click();
         await up.until(() => !up.shows('second.mov'));
         await new Promise((go) => setTimeout(go, 500));
         return (await xuchuan.pending()).length === 0",
        )],
    )
    .await?;
    no_errors(&browser).await
}

/// In the shadow of a component of the page's own (DevExpress/DevExtreme#27132, uploadcare/uploadcare-widget#839), under a policy that
/// allows no inline style (formio/formio.js#4570, thecodejack/svelte-file-dropzone#113).
async fn embedded(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    visit(&browser, &setting, "/e2e/embedded.html", "").await?;
    holds(&browser, &[
        (
            "dropped, on it and beside it",
            "const taken = up.drop(up.element(), [up.file('a.txt')]);
             const beside = up.drop(document.querySelector('my-form'), [up.file('beside.txt')]);
             await up.reaches('a.txt', 'done');
             return taken && beside && up.element().files.length === 1",
        ),
        (
            "pasted anywhere",
            "const taken = up.paste(document.body, [up.file('b.txt')]);
             await up.reaches('b.txt', 'done');
             return taken && up.entries().length === 2",
        ),
        (
            "styled, and nothing refused",
            // A script tries a worker of its own text first, and then its file.
            "const { display } = getComputedStyle(up.row('a.txt'));
             return (display === 'flex' && refused.every((what) => what === 'worker-src blob')) || `${display} ${refused}`",
        ),
    ])
    .await?;
    no_errors(&browser).await
}

/// Many at once: the page stays free, all can be held and go on, and the sum is right.
async fn many(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    open(&browser, &setting, "<form><xuchuan-upload name=a multiple auto></xuchuan-upload></form>").await?;
    watch::begin(&browser).await?;
    holds(&browser, &[
        (
            "all held",
            "await up.element().addFiles(Array.from({ length: 400 }, (_, at) => up.file(`${at}.txt`, 2000 + at)));
             await up.until(() => up.isShown(up.part('toggle')));
             up.part('toggle').click();
             await up.until(() => up.element().files.every(({ phase }) => phase === 'paused' || phase === 'done'), 'all to pause');
             await up.until(() => up.part('toggle').textContent === 'Resume all');
             return up.element().validity.customError",
        ),
        (
            "all go on, to the end",
            "up.part('toggle').click();
             await up.until(() => up.element().files.filter(({ phase }) => phase === 'done').length >= 100, 'the first 100');
             return true",
        ),
        ("more", "await up.until(() => up.element().urls.length >= 250, '250'); return true"),
        ("all", "await up.until(() => up.element().urls.length === 400, '400'); return true"),
        (
            "summed up",
            "await up.until(() => up.part('tally').textContent.startsWith('400 of 400 uploaded'));
             return up.entries().length === 400 && up.element().validity.valid && !up.isShown(up.part('toggle'))",
        ),
        (
            "all taken out",
            "up.part('clear').click();
             await up.until(() => !up.isShown(up.part('list')));
             return up.entries().length === 0",
        ),
    ])
    .await?;
    let watched = watch::read(&browser).await?;
    stage
        .tell(format_args!("400 files: longest task {:.0} ms, {} over 50 ms", watched.longest, watched.long));
    no_errors(&browser).await
}

/// Before the engine is there files can be chosen, are listed, and wait; and after a failure they are tried again.
async fn before_the_engine(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let markup = "<xuchuan-upload multiple></xuchuan-upload>";
    visit(&browser, &setting, "/e2e/element.html?slow", markup).await?;
    let asked = |setting: &Setting| setting.wire.ledger().since(0, ".wasm").len();
    holds(&browser, &[(
        "listed",
        "await up.element().addFiles([up.file('early.txt'), up.file('gone.txt')]);
         await up.until(() => up.shows('gone.txt'));
         return up.shows('early.txt').phase === 'chosen' && performance.getEntriesByType('resource').every(({ name }) => !name.includes('.wasm'))",
    )])
    .await?;
    ensure!(asked(&setting) == 0, "the engine was asked for before it was needed");
    holds(&browser, &[
        (
            "waiting",
            "up.part('start').click();
             await up.until(() => up.shows('early.txt').status.startsWith('Waiting'));
             up.row('gone.txt').querySelector('button:last-child').click();
             up.element().pause();
             up.element().resume();
             return up.element().files.length === 1",
        ),
        ("and then it is there", "up.release(); await up.reaches('early.txt', 'done'); return up.element().urls.length === 1"),
        (
            "wrong options are told where the file is",
            "up.element().options = { chunksize: 1 };
             await up.element().addFiles([up.file('late.txt')]);
             up.element().start();
             await up.reaches('late.txt', 'failed');
             const { detail, act } = up.shows('late.txt');
             up.element().options = { headers: { 'X-Test': '1' } };
             up.row('late.txt').querySelector('button').click();
             await up.reaches('late.txt', 'done');
             return detail.includes('chunksize') && act === 'Try again: late.txt' && up.seen.includes('upload-error')",
        ),
    ])
    .await?;
    ensure!(asked(&setting) == 1, "the engine was loaded {} times", asked(&setting));
    no_errors(&browser).await
}

/// Moved and taken out and put back, as frameworks do (nolanlawson/emoji-picker-element#313), an upload goes on; what is set before the
/// element is one is not lost (webcomponents/custom-elements-everywhere#55); another language comes with `lang`.
async fn moves(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    setting.wire.rate(Some(3_000_000));
    open(
        &browser,
        &setting,
        "<form><xuchuan-upload name=a auto></xuchuan-upload></form><section lang=zh-CN></section>",
    )
    .await?;
    holds(&browser, &[
        (
            "moved",
            "window.element = up.element();
             await element.addFiles([up.file('moved.bin', 6 << 20)]);
             await up.until(() => up.item('moved.bin').confirmed > 0);
             document.querySelector('section').append(element);
             await up.until(() => up.part('choose').textContent === '选择文件');
             return up.item('moved.bin').phase === 'moving' && up.shows('moved.bin').act === '暂停：moved.bin' && element.form === null",
        ),
        (
            "taken out for a while",
            "element.remove();
             await new Promise((go) => setTimeout(go, 300));
             document.forms[0].append(element);
             await up.reaches('moved.bin', 'done');
             return up.entries().length === 1 && up.shows('moved.bin').status.startsWith('Uploaded')",
        ),
        (
            "the page's language changes, and what it is not written in is English",
            "document.documentElement.lang = 'zh';
             await up.until(() => up.part('choose').textContent === '选择文件');
             document.documentElement.lang = 'fr';
             await up.until(() => up.part('choose').textContent === 'Choose a file');
             customElements.get('xuchuan-upload').strings.fr = { chooseOne: 'Choisir un fichier' };
             document.documentElement.lang = 'fr-CA';
             await up.until(() => up.part('choose').textContent === 'Choisir un fichier');
             return up.part('base').lang === 'fr'",
        ),
        (
            "set before it is defined",
            "const frame = document.body.appendChild(document.createElement('iframe'));
             const inner = frame.contentDocument;
             const early = inner.body.appendChild(inner.createElement('xuchuan-upload'));
             Object.assign(early, { multiple: true, maxSize: '2MB', options: { endpoint: '/x' }, endpoint: '/y' });
             const script = inner.createElement('script');
             script.src = '/pkg/xuchuan.min.js';
             await new Promise((go) => { script.onload = go; inner.head.append(script); });
             const kept = early.hasAttribute('multiple') && early.maxSize === 2_000_000 && early.options.endpoint === '/x' && early.getAttribute('endpoint') === '/y';
             frame.remove();
             return kept",
        ),
        (
            "a property for each attribute, and back",
            "const element = document.createElement('xuchuan-upload');
             element.maxFiles = 5;
             element.required = 1;
             element.multiple = '';
             element.accept = '.pdf';
             const set = element.outerHTML;
             element.maxFiles = Infinity;
             element.required = false;
             return (set === '<xuchuan-upload max-files=\"5\" required=\"\" accept=\".pdf\"></xuchuan-upload>' && element.maxFiles === Infinity
               && element.outerHTML === '<xuchuan-upload accept=\".pdf\"></xuchuan-upload>') || set",
        ),
    ])
    .await?;
    no_errors(&browser).await
}

/// The element in every state a person sees.
const STATES: &str = "
    const element = up.element();
    element.options = { retry: false };
    element.auto = true;
    const film = up.file('一个很长的文件名 — holiday film, the second and longer version of it (final).mov', 24 << 20, { type: 'video/quicktime' });
    const { fetch } = window;
    window.fetch = (url, options) => (options?.body instanceof FormData && options.body.get('file').size === 777
      ? Promise.resolve(Response.json({ code: 7, msg: 'quota of the account is used up', data: null })) : fetch(url, options));
    await element.addFiles([await up.picture('photo.png', 600, 400), await up.picture('portrait.png', 300, 600, 'crimson'), film]);
    await up.reaches('photo.png', 'done');
    await element.addFiles([up.file('refused.pdf', 777), up.file('paused.zip', 9 << 20), up.file('notes.exe', 10)]);
    await up.until(() => up.item('paused.zip').phase === 'moving');
    up.item('paused.zip').pause();
    await up.reaches('paused.zip', 'paused');
    await up.reaches('refused.pdf', 'failed');
    element.auto = false;
    await element.addFiles([up.file('chosen.docx', 43210)]);
    await up.until(() => up.item(film.name).confirmed > 4 << 20);
    await up.until(() => up.shows('chosen.docx'));
    await up.until(() => up.shows('portrait.png').picture);";

/// axe finds nothing in any state, language, scheme, nor in forced colours; and pictures of each, to be looked at.
async fn seen(stage: &Stage) -> Result<()> {
    let Some(axe) = std::env::var_os("XUCHUAN_AXE").filter(|path| !path.is_empty()) else {
        stage.tell("skipped: XUCHUAN_AXE is to name axe-core's axe.min.js, as `cargo xtask test` does");
        return Ok(());
    };
    let axe = std::fs::read_to_string(axe)?;
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    setting.wire.rate(Some(3_000_000));
    let chromium = stage.engine == Engine::Chromium;
    for language in ["en", "zh-CN"] {
        let markup = "<style>:root { color-scheme: light dark; background: Canvas; color: CanvasText } body { font-family: system-ui, sans-serif; margin: 1rem }
              main { max-width: 42rem; margin: auto } h1 { font-size: 1.25rem }</style>
            <h1>Application</h1><form><p><label for=up>Attachments</label></p>
            <xuchuan-upload id=up name=a multiple directory accept='image/*,video/*,.pdf,.zip,.docx' max-size=50MB max-files=20></xuchuan-upload></form>";
        open(&browser, &setting, markup).await?;
        browser.run::<()>("document.documentElement.lang = args", json!(language)).await?;
        check(&browser, &axe, &format!("empty, {language}")).await?;
        if chromium {
            browser.emulate(900, 420, "light").await?;
            browser.screenshot(&format!("element-empty-{language}")).await?;
        }
        browser.run::<()>(STATES, json!(null)).await?;
        check(&browser, &axe, &format!("all states, {language}")).await?;
        if !chromium {
            browser.screenshot(&format!("element-{}-{language}", stage.engine)).await?;
            continue;
        }
        // Forced colours last: after them Chromium paints a dark page's own background white (its colours are right).
        for scheme in ["light", "dark", "forced"] {
            for (device, width, height) in [("phone", 360, 1100), ("desktop", 900, 900)] {
                if scheme == "forced" {
                    browser.emulate(width, height, "light").await?;
                    browser.emulate_media("forced-colors", "active").await?;
                } else {
                    browser.emulate(width, height, scheme).await?;
                }
                browser
                    .run::<()>(
                        "await up.frame(); await new Promise((go) => setTimeout(go, 200))",
                        json!(null),
                    )
                    .await?;
                browser.screenshot(&format!("element-{device}-{scheme}-{language}")).await?;
                check(&browser, &axe, &format!("{device}, {scheme}, {language}")).await?;
                let fits: bool = browser
                    .run("return document.documentElement.scrollWidth <= innerWidth", json!(null))
                    .await?;
                ensure!(fits, "the element is wider than the {device}");
            }
        }
    }
    stage.tell("pictures saved under target/e2e/");
    Ok(())
}

async fn check(browser: &Browser, axe: &str, state: &str) -> Result<()> {
    browser.run::<()>("if (!globalThis.axe) (0, eval)(args)", json!(axe)).await?;
    let found: Vec<String> = browser
        .run(
            "const { violations } = await axe.run(document, { resultTypes: ['violations'] });
             return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.flat()}: ${failureSummary}`))",
            json!(null),
        )
        .await?;
    if !found.is_empty() {
        bail!("axe, {state}: {found:#?}");
    }
    Ok(())
}

scenario!(choosing, 90: Chromium, Firefox, WebKit);
scenario!(forms, 90: Chromium, Firefox, WebKit);
scenario!(ways_in, 90: Chromium, Firefox, WebKit);
scenario!(keyboard, 120: Chromium, Firefox, WebKit);
scenario!(left_unfinished, 150: Chromium, Firefox, WebKit);
scenario!(embedded, 90: Chromium, Firefox, WebKit);
scenario!(many, 150: Chromium, Firefox, WebKit);
scenario!(before_the_engine, 90: Chromium, Firefox, WebKit);
scenario!(moves, 90: Chromium, Firefox, WebKit);
scenario!(seen, 150: Chromium, Firefox, WebKit);
