// Waking the event loop when a descriptor can be read, by koffi's poll (libuv's uv_poll).
// Guarantees: called back as long as there is something to read; goes on after an error on the descriptor, which
// libuv takes as the end (it stops the handle on POLLERR, as when netlink overflows or an interface goes down); never
// called after disposal; promises that the callback settles go on at once, and what it throws is an uncaught exception. The owner must keep the result: a forgotten handle is collected and falls silent.
import koffi from 'koffi';

const PATIENCE = 3;
const RETRY_MS = 100;

/** `callback` must read until there is nothing more, errors included, or it is called again at once. */
export function onReadable(fd: number, callback: () => void): Disposable {
  let disposed = false;
  let errors = 0;
  let retry: NodeJS.Timeout | undefined;
  let next: NodeJS.Immediate | undefined;

  // koffi hands over (status, events), other than its types say. A negative status: libuv has stopped the handle.
  const wake = (status: unknown) => {
    errors = typeof status === 'number' && status < 0 ? errors + 1 : 0;
    // koffi calls from outside Node's callback scope, where promises and ticks would wait for some later event of
    // somebody else's. Immediates of this turn of the loop come right after its polls.
    next ??= setImmediate(run);
  };
  const run = () => {
    next = undefined;
    try {
      callback();
    } finally {
      if (errors > 0) resume();
    }
  };
  const start = () => {
    if (!disposed) poll.start({ readable: true }, wake);
  };
  /** An error that reading does not clear must not turn into a busy loop. */
  const resume = () => {
    if (errors <= PATIENCE) start();
    else retry = setTimeout(start, RETRY_MS);
  };
  const poll = koffi.node.poll(fd, { readable: true }, wake);
  return {
    [Symbol.dispose]() {
      if (disposed) return; // koffi would crash on a handle that is closed already
      disposed = true;
      clearTimeout(retry);
      clearImmediate(next);
      poll.close();
    },
  };
}
