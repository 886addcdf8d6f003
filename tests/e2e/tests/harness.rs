use anyhow::Result; use e2e::{scenario, stage::Stage}; use serde_json::json;
async fn probe(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    browser.open("data:text/html,<input type=file id=f><p>hi</p>").await?;
    let f = stage.folder("x")?.join("文件 名.bin"); std::fs::write(&f, b"hello")?;
    let v: String = browser.run("return navigator.userAgent", json!(null)).await?;
    stage.tell(v);
    browser.choose("#f", &[&f]).await?;
    let v: String = browser.run("const f = document.querySelector('#f').files[0]; return f.name + await f.text()", json!(null)).await?;
    stage.tell(v);
    Ok(())
}
scenario!(probe, 60: Chromium, Firefox, WebKit);
