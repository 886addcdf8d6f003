// A transfer's state, progress and failure in words and figures.
import { bytes, duration, percent } from "./format.js";
import { t } from "./language.js";

/** What it is doing. */
export function stateWords({ kind, state, progress }) {
  if (state === "transferring") return t(`state.transferring.${kind}`);
  const waiting = progress?.waitingFor;
  if (state === "queued" && waiting?.reason === "another-tab") return t("waitingTab");
  if (state !== "waiting") return t(`state.${state}`);
  if (waiting?.reason === "offline") return t("waitingOffline");
  const seconds = ((waiting?.until ?? 0) - Date.now()) / 1000;
  return seconds > 0 ? t("waitingRetryIn", duration(seconds)) : t("waitingRetry");
}

/**
 * How far it is: the whole percent that is safe, or, while a file is still read and nothing of it is safe, the percent that
 * was read. Null if nobody knows: a download whose size the server has not told.
 */
export function reached({ total, hashed, confirmed }, done = false) {
  if (done) return { percent: 100, read: false };
  if (!(total > 0)) return null;
  if (confirmed === 0 && hashed > 0) return { percent: percent(hashed, total), read: true };
  return { percent: Math.min(percent(confirmed, total), 99), read: false };
}

/** The figure for it. */
export function figure(reach) {
  if (reach === null) return "";
  return reach.read ? t("percentRead", reach.percent) : `${reach.percent}%`;
}

/** How much of it there is, in bytes. */
export function amount({ state, size, result, progress }) {
  const total = progress?.total || size;
  if (state === "done") return bytes(result.size);
  if (!progress || !total) return bytes(total || progress?.confirmed);
  if (progress.confirmed === 0 && progress.hashed > 0) return t("amountRead", bytes(progress.hashed), bytes(total));
  if (state === "queued") return bytes(total);
  return t("amount", bytes(progress.confirmed), bytes(total));
}

/** A failure, or what stands in the way, in the page's language. */
export function plainly({ code, reason }) {
  for (const key of [`causes.${reason}`, `errors.${code}`]) {
    const words = t(key);
    if (words !== key) return words;
  }
  return t("errors.unknown");
}
