// The project runs on the Node that its lock file pins; with another one, native modules crash without a word.

const OLDEST_MAJOR = 26;

/** Ends the process with a remedy when this Node is not the pinned one. `command` is what to type instead. */
export function refuseOldNode(command: string): void {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= OLDEST_MAJOR) return;
  console.error(`Node ${process.version} is too old: the checkout brings its own, so type: ${command}`);
  process.exit(2);
}
