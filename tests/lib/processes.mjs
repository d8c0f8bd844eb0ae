// What the kernel says of processes: who is a child of whom, and what they use.
import fs from 'node:fs';

const read = (file) => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** The children of a process, all of its threads considered. */
export function children(pid) {
  const pids = [];
  for (const task of fs.existsSync(`/proc/${pid}/task`) ? fs.readdirSync(`/proc/${pid}/task`) : []) {
    pids.push(...read(`/proc/${pid}/task/${task}/children`).trim().split(' ').filter(Boolean).map(Number));
  }
  return pids;
}

export const name = (pid) => read(`/proc/${pid}/cmdline`).split('\0')[0].split('/').pop() ?? '';
/** The processes of orbs that have a room; the nest and its spare are named otherwise. */
export const orbs = (pid) => children(pid).filter((child) => name(child) === 'aiorb');
export const alive = (pid) => /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`));
export const threads = (pid) => Number(/^Threads:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
export const descriptors = (pid) => {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
};
/** CPU seconds, user and system. */
export const cpu = (pid) => {
  const fields = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ');
  return fields ? (Number(fields[11]) + Number(fields[12])) / 100 : 0;
};
/** MiB: { rss, pss, dirty }. */
export const memory = (pid) => {
  const text = read(`/proc/${pid}/smaps_rollup`);
  const of = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024;
  return { rss: of('Rss'), pss: of('Pss'), dirty: of('Private_Dirty') };
};
