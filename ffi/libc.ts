/**
 * libc, whose functions are opened when they are first asked for and never closed.
 *
 * Conventions of the symbol table:
 * - `ssize_t` and `int` results are "i32": no call here asks for 2 GiB or more, so the low half of
 *   the register holds all of the result, and "isize" would give a bigint.
 * - on the packet path there is no `size_t` parameter ("usize" costs some 0.06 µs in Deno's
 *   conversion): `readv`, `writev`, `recvmmsg` and `sendmmsg` take their lengths from memory.
 * - calls never go to another thread (`nonblocking`), so that errno is this thread's; the one that
 *   does says so in its name, and its errno is lost.
 *
 * @module
 */

import { errnoName, SysError } from "./errors.ts";
import { lazyLibrary } from "./lazy_library.ts";

// Variadic functions (`open`, `ioctl`, `fcntl`) take integer and pointer arguments in the same
// registers as others in the ABIs of x86-64 and aarch64 Linux.
const libcSymbols = {
  // int *__errno_location(void);
  __errno_location: { parameters: [], result: "pointer" },
  // int open(const char *pathname, int flags, ...);
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count);
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // ssize_t write(int fd, const void *buf, size_t count);
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // ssize_t readv(int fd, const struct iovec *iov, int iovcnt);
  readv: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  // ssize_t writev(int fd, const struct iovec *iov, int iovcnt);
  writev: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  // int ioctl(int fd, unsigned long op, ...);  with a pointer
  ioctlPointer: { name: "ioctl", parameters: ["i32", "usize", "buffer"], result: "i32" },
  // int ioctl(int fd, unsigned long op, ...);  with a number
  ioctlValue: { name: "ioctl", parameters: ["i32", "usize", "usize"], result: "i32" },
  // int fcntl(int fd, int op, ...);
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int listen(int sockfd, int backlog);
  listen: { parameters: ["i32", "i32"], result: "i32" },
  // int accept4(int sockfd, struct sockaddr *addr, socklen_t *addrlen, int flags);
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  // int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen);
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen);
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  // int getsockopt(int sockfd, int level, int optname, void *optval, socklen_t *optlen);
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  // ssize_t sendto(int sockfd, const void *buf, size_t len, int flags,
  //                const struct sockaddr *dest_addr, socklen_t addrlen);
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "i32" },
  // ssize_t send(int sockfd, const void *buf, size_t len, int flags);
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  // ssize_t sendmsg(int sockfd, const struct msghdr *msg, int flags);
  sendmsg: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  // ssize_t recvfrom(int sockfd, void *buf, size_t len, int flags,
  //                  struct sockaddr *src_addr, socklen_t *addrlen);
  recvfrom: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "buffer"], result: "i32" },
  // int recvmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags,
  //              struct timespec *timeout);
  recvmmsg: { parameters: ["i32", "pointer", "u32", "i32", "pointer"], result: "i32" },
  // int sendmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags);
  sendmmsg: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  // int eventfd(unsigned int initval, int flags);
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  // int epoll_create1(int flags);
  epoll_create1: { parameters: ["i32"], result: "i32" },
  // int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  // The same on a thread of its own, as a promise.
  epoll_wait_nonblocking: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  // unsigned int if_nametoindex(const char *ifname);
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  // int pthread_sigmask(int how, const sigset_t *set, sigset_t *oldset);
  pthread_sigmask: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout);
  sigtimedwait: { parameters: ["buffer", "pointer", "buffer"], result: "i32" },
  // int execve(const char *pathname, char *const argv[], char *const envp[]);
  execve: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
  // struct passwd *getpwnam(const char *name);
  getpwnam: { parameters: ["buffer"], result: "pointer" },
  // struct group *getgrnam(const char *name);
  getgrnam: { parameters: ["buffer"], result: "pointer" },
  // int setgroups(size_t size, const gid_t *list);
  setgroups: { parameters: ["usize", "buffer"], result: "i32" },
  // int setresgid(gid_t rgid, gid_t egid, gid_t sgid);
  setresgid: { parameters: ["u32", "u32", "u32"], result: "i32" },
  // int setresuid(uid_t ruid, uid_t euid, uid_t suid);
  setresuid: { parameters: ["u32", "u32", "u32"], result: "i32" },
  // int prctl(int op, ...);  with unsigned long arguments
  prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  // int capset(cap_user_header_t hdrp, const cap_user_data_t datap);
  capset: { parameters: ["buffer", "buffer"], result: "i32" },
  // int setpriority(__priority_which_t which, id_t who, int prio);
  setpriority: { parameters: ["i32", "u32", "i32"], result: "i32" },
  // int clock_gettime(clockid_t clockid, struct timespec *tp);
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // int dup2(int oldfd, int newfd);
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  // int malloc_trim(size_t pad);
  malloc_trim: { parameters: ["usize"], result: "i32" },
  // uid_t geteuid(void);
  geteuid: { parameters: [], result: "u32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** libc's functions, typed by their C prototypes. */
export type Libc = Deno.StaticForeignLibraryInterface<typeof libcSymbols>;

let opened: Libc | undefined;
let errnoOfThread: Int32Array;

/**
 * The functions of libc.
 *
 * @throws {Error} on a system that is not Linux on x86-64 or aarch64, or has no glibc.
 */
export function libc(): Libc {
  return opened ?? open();
}

function open(): Libc {
  const { os, arch } = Deno.build;
  if (os !== "linux" || (arch !== "x86_64" && arch !== "aarch64")) {
    throw new Error(`deno-tun runs on Linux on x86-64 and aarch64 only, not on ${os} ${arch}`);
  }
  const symbols = lazyLibrary("libc.so.6", libcSymbols);
  let location: Deno.PointerValue;
  try {
    location = symbols.__errno_location();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new Error("deno-tun needs glibc (libc.so.6), which cannot be loaded", { cause });
  }
  if (location === null) throw new Error("libc has no errno for this thread");
  // An isolate stays on its thread, and the thread's errno stays where it is, so that reading it
  // is a load from memory: no call that might change it comes in between.
  errnoOfThread = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  return opened = symbols;
}

/**
 * errno of this thread's last failed libc call; meaningful right after that call only.
 *
 * Even then the runtime may have called libc in between, while a function is still cold: seen once
 * in some million calls. What would end something for good is therefore asked for a second time.
 */
export function lastErrno(): number {
  return errnoOfThread[0];
}

/**
 * `result`, unless it is negative: then errno becomes an error.
 *
 * @param call What was called, for the message.
 * @throws {SysError}
 */
export function check(result: number, call: string): number {
  if (result < 0) throw new SysError(call, lastErrno());
  return result;
}

/** Text as a C string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text + "\0");
}

/** `close(2)`. Not retried on `EINTR`: Linux has released the fd by then. */
export function closeFd(fd: number): void {
  if (libc().close(fd) < 0 && errnoName(lastErrno()) === "EBADF") {
    // Closing an fd twice would sooner or later close somebody else's.
    throw new SysError("close", lastErrno());
  }
}

/** The effective user id of the process: 0 is root. */
export function effectiveUserId(): number {
  return libc().geteuid();
}
