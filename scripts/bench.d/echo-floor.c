/* The floor that the benchmarks compare with: sends every DNS message back as a reply to itself, and does nothing else.
 * echo-floor udp PORT WORKERS: one process for each worker, recvmmsg and sendmmsg of up to 64 datagrams.
 * echo-floor tcp PORT WORKERS: one process for each worker, epoll, one read and one write for what has come in.
 * The bit QR is set, since clients throw away what is no reply, and over UDP one answer is claimed for the question
 * "example.org A", by which is seen that it serves; over TCP a process serves UDP beside it for that question alone. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, MESSAGE = 4096, CHUNK = 65536, CONNECTIONS = 1024 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int listener(int type, int port) {
  int fd = socket(AF_INET, type, 0), on = 1, octets = 4 << 20;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &octets, sizeof octets);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  return fd;
}

static void serve_udp(int port) {
  static unsigned char octets[BATCH][MESSAGE];
  static struct sockaddr_in names[BATCH];
  static struct iovec vectors[BATCH];
  static struct mmsghdr headers[BATCH];
  static const unsigned char probe[] = "\7example\3org";
  int fd = listener(SOCK_DGRAM, port);
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      vectors[i] = (struct iovec){octets[i], MESSAGE};
      headers[i].msg_hdr = (struct msghdr){
          .msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(fd, headers, BATCH, MSG_WAITFORONE, NULL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("recvmmsg");
    for (int i = 0; i < count; i++) {
      octets[i][2] |= 0x80;
      vectors[i].iov_len = headers[i].msg_len;
      if (headers[i].msg_len == 29 && memcmp(octets[i] + 12, probe, sizeof probe) == 0) octets[i][7] = 1;
    }
    for (int sent = 0; sent < count;) {
      int now = sendmmsg(fd, headers + sent, count - sent, 0);
      sent += now > 0 ? now : 1;
    }
  }
}

/* Where a connection stands in its stream: octets of the message that are left, and how far its head has come. */
struct stream {
  int at;
  int length;
};

static void mark_replies(struct stream *stream, unsigned char *octets, int count) {
  for (int i = 0; i < count;) {
    if (stream->at == 0) stream->length = octets[i] << 8;
    if (stream->at == 1) stream->length |= octets[i];
    if (stream->at == 4) octets[i] |= 0x80;
    if (stream->at < 5) {
      stream->at++;
      i++;
    } else {
      int left = stream->length + 2 - stream->at;
      int step = left < count - i ? left : count - i;
      stream->at += step;
      i += step;
    }
    if (stream->at >= 5 && stream->at >= stream->length + 2) stream->at = 0;
  }
}

static void serve_tcp(int port) {
  static unsigned char octets[CHUNK];
  static struct stream streams[CONNECTIONS];
  int fd = listener(SOCK_STREAM, port), poll = epoll_create1(0), on = 1;
  if (listen(fd, 511) != 0) fail("listen");
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd}, events[BATCH];
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  for (;;) {
    int count = epoll_wait(poll, events, BATCH, -1);
    for (int i = 0; i < count; i++) {
      int client = events[i].data.fd;
      if (client == fd) {
        client = accept(fd, NULL, NULL);
        if (client < 0) continue;
        if (client >= CONNECTIONS) {
          close(client);
          continue;
        }
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        streams[client] = (struct stream){0, 0};
        event = (struct epoll_event){.events = EPOLLIN, .data.fd = client};
        epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
        continue;
      }
      int length = read(client, octets, CHUNK);
      if (length <= 0) {
        close(client);
        continue;
      }
      mark_replies(&streams[client], octets, length);
      for (int sent = 0; sent < length;) {
        int now = write(client, octets + sent, length - sent);
        if (now <= 0) break;
        sent += now;
      }
    }
  }
}

static void start(void (*serve)(int), int port) {
  pid_t parent = getpid();
  if (fork() != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) exit(1);
  serve(port);
}

int main(int count, char **words) {
  if (count != 4) {
    fprintf(stderr, "usage: echo-floor udp|tcp PORT WORKERS\n");
    return 1;
  }
  int is_tcp = strcmp(words[1], "tcp") == 0, port = atoi(words[2]), workers = atoi(words[3]);
  signal(SIGPIPE, SIG_IGN);
  if (is_tcp) start(serve_udp, port);
  for (int worker = 1; worker < workers; worker++) start(is_tcp ? serve_tcp : serve_udp, port);
  (is_tcp ? serve_tcp : serve_udp)(port);
}
