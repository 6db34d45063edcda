/* Asks over UDP at an even rate and tells how long each answer took: from the call that sends the question to the moment
 * at which the kernel took the answer in. So the time for which this program itself waits for a processor, which on a
 * small machine is more than any server takes, is in no figure; only questions that it sends late come in a bunch.
 * even-load PORT RATE SECONDS CLIENTS edns|plain QUERIES: names and types as dnsperf has them, from so many sockets, with
 * EDNS or without.
 * Prints how many were sent, answered, answered NOERROR or NXDOMAIN, and sent more than a millisecond late; then the
 * milliseconds of each answer. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, MESSAGE = 4096, QUESTION = 300, IDS = 65536, BUNCH = 4, SOCKETS = 1024 };

static const long long SECOND = 1000000000, MILLISECOND = 1000000, PATIENCE = 2000000000;

struct question {
  int length;
  unsigned char octets[QUESTION];
};

static struct question *questions;
static int question_count;
static int sockets[SOCKETS], poll_fd;

/* When the question of each id was sent; 0 when it was answered. */
static long long sent_at[IDS];
static double *latencies;
static long long answered, good;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static long long nanoseconds(struct timespec time) { return time.tv_sec * SECOND + time.tv_nsec; }

/* Of the clock by which the kernel stamps what comes in. */
static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return nanoseconds(time);
}

static int number_of(const char *type) {
  static const struct {
    const char *name;
    int number;
  } types[] = {{"A", 1}, {"NS", 2}, {"SOA", 6}, {"PTR", 12}, {"TXT", 16}, {"AAAA", 28}, {"SRV", 33}};
  for (unsigned i = 0; i < sizeof types / sizeof *types; i++)
    if (strcasecmp(types[i].name, type) == 0) return types[i].number;
  fprintf(stderr, "expected A, NS, SOA, PTR, TXT, AAAA or SRV, got %s\n", type);
  exit(1);
}

static void add(const char *name, int type, int has_edns) {
  static int room;
  static const unsigned char options[] = {0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0};
  if (question_count == room) {
    room = room == 0 ? 1024 : room * 2;
    questions = realloc(questions, room * sizeof *questions);
    if (questions == NULL) fail("realloc");
  }
  struct question *question = &questions[question_count++];
  unsigned char *octets = question->octets;
  memset(octets, 0, QUESTION);
  octets[2] = 1;  /* RD, as a stub resolver has it */
  octets[5] = 1;  /* one question */
  octets[11] = has_edns; /* additional records: OPT */
  int at = 12;
  while (*name != 0 && *name != '.') {
    int length = strcspn(name, ".");
    octets[at++] = length;
    memcpy(octets + at, name, length);
    at += length;
    name += length + (name[length] == '.');
  }
  octets[at + 2] = type;
  octets[at + 4] = 1;
  question->length = at + 5;
  if (!has_edns) return;
  memcpy(octets + at + 5, options, sizeof options);
  question->length += sizeof options;
}

static void read_questions(const char *path, int has_edns) {
  FILE *file = fopen(path, "r");
  char name[254], type[16];
  if (file == NULL) fail(path);
  while (fscanf(file, "%253s %15s", name, type) == 2) add(name, number_of(type), has_edns);
  fclose(file);
  if (question_count == 0) fail("no questions");
}

static void open_sockets(int port, int count) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int octets = 4 << 20, on = 1;
  poll_fd = epoll_create1(0);
  for (int i = 0; i < count; i++) {
    int fd = sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) fail("SO_TIMESTAMPNS");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
  }
}

static void note(const unsigned char *octets, int length, struct msghdr *header) {
  struct cmsghdr *control = CMSG_FIRSTHDR(header);
  struct timespec time;
  if (length < 12 || control == NULL) return;
  int id = octets[0] << 8 | octets[1], rcode = octets[3] & 15;
  if (sent_at[id] == 0) return;
  memcpy(&time, CMSG_DATA(control), sizeof time);
  latencies[answered++] = (nanoseconds(time) - sent_at[id]) / 1e6;
  if (rcode == 0 || rcode == 3) good++;
  sent_at[id] = 0;
}

static void take_answers(void) {
  static unsigned char octets[BATCH][MESSAGE];
  static char controls[BATCH][64];
  struct epoll_event events[SOCKETS];
  int ready = epoll_wait(poll_fd, events, SOCKETS, 0);
  for (int i = 0; i < ready; i++)
    for (int count = BATCH; count == BATCH;) {
      struct iovec vectors[BATCH];
      struct mmsghdr headers[BATCH];
      for (int j = 0; j < BATCH; j++) {
        vectors[j] = (struct iovec){octets[j], MESSAGE};
        headers[j].msg_hdr = (struct msghdr){
            .msg_iov = &vectors[j], .msg_iovlen = 1, .msg_control = controls[j], .msg_controllen = sizeof controls[j]};
      }
      count = recvmmsg(events[i].data.fd, headers, BATCH, MSG_DONTWAIT, NULL);
      for (int j = 0; j < count; j++) note(octets[j], headers[j].msg_len, &headers[j].msg_hdr);
    }
}

static void ask(long long number, int clients) {
  struct question *question = &questions[number % question_count];
  int id = number % IDS;
  question->octets[0] = id >> 8;
  question->octets[1] = id;
  sent_at[id] = now();
  if (send(sockets[number % clients], question->octets, question->length, 0) < 0 && errno != EAGAIN) fail("send");
}

int main(int count, char **words) {
  if (count != 7) {
    fprintf(stderr, "usage: even-load PORT RATE SECONDS CLIENTS edns|plain QUERIES\n");
    return 1;
  }
  long long rate = atoll(words[2]), total = rate * atof(words[3]), sent = 0;
  int clients = atoi(words[4]);
  if (rate < 1 || total < 1 || clients < 1 || clients > SOCKETS) {
    fprintf(stderr, "expected a rate and seconds above 0, and 1 to %d clients\n", SOCKETS);
    return 1;
  }
  read_questions(words[6], strcmp(words[5], "edns") == 0);
  open_sockets(atoi(words[1]), clients);
  latencies = malloc(total * sizeof *latencies);
  if (latencies == NULL) fail("malloc");
  long long start = now(), ended = 0, late = 0;
  while (sent < total || (answered < total && now() < ended + PATIENCE)) {
    long long due = start + sent * SECOND / rate;
    if (sent < total && now() >= due) {
      int is_late = now() > due + MILLISECOND;
      for (int i = 0; i < BUNCH && sent < total; i++, late += is_late) ask(sent++, clients);
    }
    if (sent == total && ended == 0) ended = now();
    take_answers();
    long long next = sent < total ? start + sent * SECOND / rate : now() + MILLISECOND;
    struct timespec time = {next / SECOND, next % SECOND};
    clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, NULL);
  }
  printf("%lld %lld %lld %lld\n", sent, answered, good, late);
  for (long long i = 0; i < answered; i++) printf("%.4f\n", latencies[i]);
  return 0;
}
