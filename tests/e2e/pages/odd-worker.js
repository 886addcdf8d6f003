// A page's own classic worker that has the script imported; it lies in another folder than that.
importScripts("/pkg/xuchuan.min.js");
onmessage = async ({ data: file }) => {
  try {
    const { fileId, size } = await xuchuan.upload(file, { chunkSize: 1 << 20 }).done;
    postMessage({ fileId, size });
  } catch (error) {
    postMessage({ why: String(error) });
  }
};
