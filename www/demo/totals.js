// What a list's transfers come to in all, kept up job by job: adding thousands up anew would take a frame.
export class Totals {
  counts = { active: 0, paused: 0, queued: 0, done: 0, failed: 0, aborted: 0 };
  bytes = { total: 0, hashed: 0, confirmed: 0, reused: 0 };
  #parts = new Map();

  get size() {
    return this.#parts.size;
  }

  get settled() {
    const { done, failed, aborted } = this.counts;
    return done + failed + aborted;
  }

  /** Takes in what a job has become. */
  update(job) {
    const part = partOf(job);
    this.#add(this.#parts.get(job), -1);
    this.#add(part, 1);
    this.#parts.set(job, part);
  }

  drop(job) {
    this.#add(this.#parts.get(job), -1);
    this.#parts.delete(job);
  }

  #add(part, sign) {
    if (part === undefined) return;
    this.counts[part.group] += sign;
    for (const key of Object.keys(this.bytes)) this.bytes[key] += sign * part[key];
  }
}

// What has failed or was stopped will not arrive: it is no part of what the others still have before them.
function partOf({ group, progress, size, result }) {
  if (group === "failed" || group === "aborted") return { group, total: 0, hashed: 0, confirmed: 0, reused: 0 };
  const total = result?.size ?? (progress?.total || size || 0);
  const { hashed = 0, confirmed = 0, reused = 0 } = progress ?? {};
  return { group, total, hashed, confirmed: result ? total : confirmed, reused: result?.instant ? total : reused };
}
