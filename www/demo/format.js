// Bytes, times and dates as people read them, in the page's language.
import { languageTag, t } from "./language.js";

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const cache = new Map();

// Making a formatter costs more than using it a hundred times.
function formatter(Kind, options) {
  const key = `${languageTag()} ${Kind.name} ${JSON.stringify(options)}`;
  if (!cache.has(key)) cache.set(key, new Kind(languageTag(), options));
  return cache.get(key);
}

/** 1234567 → "1.2 MB". Decimal units; three digits at most before the point. */
export function bytes(count) {
  let value = Math.max(0, count || 0);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${formatter(Intl.NumberFormat, { maximumFractionDigits: digits }).format(value)}\u00a0${UNITS[unit]}`;
}

export function number(value) {
  return formatter(Intl.NumberFormat, {}).format(value);
}

/** The whole percent reached. 100 only when all is there. */
export function percent(part, total) {
  return total > 0 ? Math.min(100, Math.floor((part / total) * 100)) : 0;
}

/** 80 → "1 min 20 s"; coarser the longer it is, so that it does not flicker. */
export function duration(seconds) {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 60) return t("seconds", whole);
  if (whole < 600) return t("minutes", Math.floor(whole / 60), Math.floor((whole % 60) / 5) * 5);
  if (whole < 3600) return t("minutes", Math.round(whole / 60), 0);
  return t("hours", Math.floor(whole / 3600), Math.floor((whole % 3600) / 60));
}

/** A date or a time in ms → "3 hours ago". */
export function ago(when) {
  const seconds = (new Date(when).getTime() - Date.now()) / 1000;
  if (!Number.isFinite(seconds)) return "";
  const relative = formatter(Intl.RelativeTimeFormat, { numeric: "auto" });
  for (const [unit, size] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return relative.format(0, "minute");
}
