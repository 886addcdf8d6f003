// Uses the bindings and the element's types as pages do; compiled strictly, never run.
import { createElement } from "react";
import type { XuchuanUpload as Upload, UploadItem, XuchuanUploadAttributes } from "xuchuan/element";
import { XuchuanUpload } from "xuchuan/element";
import { createUseUpload, useUpload, type UploadActions, type UploadSnapshot } from "xuchuan/react";
import { createUpload, createUploadWith, type UploadStore } from "xuchuan/svelte";
import { upload } from "xuchuan/upload";
import * as xuchuan from "xuchuan";
import { useUpload as useInVue } from "xuchuan/vue";
import { readable, get } from "svelte/store";
import { ref } from "vue";

declare const file: File;

export function Card({ endpoint }: { endpoint: string }) {
  const { state, progress, result, error, upload, pause, resume, abort, reset } = useUpload({ endpoint, keepAlive: true });
  const share: number = progress ? progress.confirmed / progress.total : 0;
  const all: UploadSnapshot & UploadActions = createUseUpload(xuchuan.upload)();
  return (
    <div>
      <button onClick={() => upload(file, { chunkSize: 1 })}>{state}</button>
      <button onClick={state === "paused" ? resume : pause}>{share}</button>
      <button onClick={() => abort("enough")}>{result?.url ?? error?.code}</button>
      <button onClick={reset}>{all.state}</button>
      <xuchuan-upload
        name="a"
        multiple
        max-size="10MB"
        max-files={3}
        options={{ headers: { "X-Test": 1 } }}
        ref={(element: Upload | null) => element?.clear()}
        onupload-done={(event) => console.log(event.detail.url.length, event.detail.item.path)}
      />
    </div>
  );
}
export const made = createElement(Card, { endpoint: "/u" });

export function element(): void {
  const one = document.querySelector("xuchuan-upload");
  if (!one) return;
  one.addEventListener("upload-refused", ({ detail }) => detail.files.map(({ name, why }) => `${name} ${why}`));
  one.addEventListener("upload-error", ({ detail: { item, error } }) => console.log(item.phase, error.message));
  one.addEventListener("change", () => console.log(one.urls.length, one.value));
  one.addEventListener("pointerdown", (event) => event.pointerId);
  one.maxSize = "2 GB";
  const most: number = one.maxSize;
  const items: readonly UploadItem[] = one.files;
  one.options = { retry: false };
  void one.addFiles([file]);
  const attributes: XuchuanUploadAttributes = { accept: "image/*", auto: true };
  XuchuanUpload.strings["fr"] = { choose: "Choisir", tally: (done: number, count: number) => `${done} sur ${count}` };
  XuchuanUpload.engine = xuchuan;
  console.log(most, items, attributes, one.validity.valid, one.form?.action, one.checkValidity());
  // @ts-expect-error: its list is its own
  one.urls = [];
}

export function others(): void {
  const { state, upload: start } = useInVue(ref({ endpoint: "/u" }));
  const other = useInVue(() => ({ endpoint: "/u", keepAlive: true }));
  const text: string = state.value;
  start(file).pause();
  const store: UploadStore = createUpload(() => ({ endpoint: "/u" }));
  // It is a store for Svelte's own types, too.
  const now: UploadSnapshot = get(store);
  store.upload(file);
  console.log(text, other.error.value?.code, now.state, createUploadWith(upload)(), readable(0));
  // @ts-expect-error: there is no such option
  createUpload({ chunksize: 1 });
}
