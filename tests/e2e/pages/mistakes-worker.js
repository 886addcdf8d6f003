// Uploads to where it is sent, in a worker, and tells the first cause that it hears of.
import { upload } from "/pkg/index.js";

onmessage = ({ data: endpoint }) => {
  const transfer = upload(new Blob([crypto.getRandomValues(new Uint8Array(1000))]), { endpoint, resume: false });
  const tell = (cause) => {
    postMessage(cause);
    transfer.abort();
  };
  transfer.done.catch(({ code, message, cause }) => tell({ code, message, reason: cause?.reason ?? null }));
  const timer = setInterval(() => {
    const cause = transfer.progress.waitingFor?.cause;
    if (!cause) return;
    clearInterval(timer);
    tell(cause);
  }, 10);
};
