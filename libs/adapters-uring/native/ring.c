#define _GNU_SOURCE
#include "ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Kernel 5.6: completions are never dropped, one mapping holds both queues, and READ and WRITE exist. */
#define FEATURES_NEEDED (IORING_FEAT_NODROP | IORING_FEAT_SINGLE_MMAP | IORING_FEAT_RW_CUR_POS)

static int map_queues(struct ring *ring, const struct io_uring_params *params);
static int enter(const struct ring *ring, uint32_t to_submit, uint32_t to_wait_for);
static void release(struct ring *ring);

int ring_open(struct ring *ring, uint32_t capacity) {
  struct io_uring_params params = {.flags = IORING_SETUP_CLAMP};
  memset(ring, 0, sizeof *ring);
  ring->descriptor = (int)syscall(__NR_io_uring_setup, capacity, &params);
  if (ring->descriptor < 0) return -errno;
  int failure = -ENOSYS;
  if ((params.features & FEATURES_NEEDED) == FEATURES_NEEDED) failure = map_queues(ring, &params);
  if (failure != 0) release(ring);
  return failure;
}

struct io_uring_sqe *ring_queue(struct ring *ring) {
  if (ring->under_way == ring->capacity) return NULL;
  uint32_t tail = *ring->submit_tail;
  uint32_t index = tail & ring->submit_mask;
  struct io_uring_sqe *entry = &ring->entries[index];
  memset(entry, 0, sizeof *entry);
  ring->submit_array[index] = index;
  /* The kernel looks at the tail only inside of our own call to enter, when the entry is filled in. */
  __atomic_store_n(ring->submit_tail, tail + 1, __ATOMIC_RELEASE);
  ring->queued++;
  ring->under_way++;
  return entry;
}

int ring_submit(struct ring *ring) {
  while (ring->queued > 0) {
    int taken = enter(ring, ring->queued, 0);
    if (taken < 0) return taken;
    if (taken == 0) return -EAGAIN;
    ring->queued -= (uint32_t)taken;
  }
  return 0;
}

bool ring_unqueue(struct ring *ring, uint64_t *user_data) {
  if (ring->queued == 0) return false;
  uint32_t tail = *ring->submit_tail - 1;
  *user_data = ring->entries[tail & ring->submit_mask].user_data;
  __atomic_store_n(ring->submit_tail, tail, __ATOMIC_RELEASE);
  ring->queued--;
  ring->under_way--;
  return true;
}

bool ring_reap(struct ring *ring, uint64_t *user_data, int32_t *result) {
  uint32_t head = *ring->complete_head;
  if (head == __atomic_load_n(ring->complete_tail, __ATOMIC_ACQUIRE)) return false;
  const struct io_uring_cqe *completion = &ring->completions[head & ring->complete_mask];
  *user_data = completion->user_data;
  *result = completion->res;
  __atomic_store_n(ring->complete_head, head + 1, __ATOMIC_RELEASE);
  ring->under_way--;
  return true;
}

void ring_close(struct ring *ring) {
  uint64_t user_data;
  int32_t result;
  while (ring_unqueue(ring, &user_data)) continue;
  while (ring->under_way > 0) {
    if (ring_reap(ring, &user_data, &result)) continue;
    int failure = enter(ring, 0, 1);
    if (failure < 0 && failure != -EAGAIN && failure != -EBUSY) break;
  }
  release(ring);
}

static int map_queues(struct ring *ring, const struct io_uring_params *params) {
  const struct io_sqring_offsets *submit = &params->sq_off;
  const struct io_cqring_offsets *complete = &params->cq_off;
  size_t submit_bytes = submit->array + params->sq_entries * sizeof(uint32_t);
  size_t complete_bytes = complete->cqes + params->cq_entries * sizeof(struct io_uring_cqe);
  ring->queues_bytes = submit_bytes > complete_bytes ? submit_bytes : complete_bytes;
  ring->entries_bytes = params->sq_entries * sizeof(struct io_uring_sqe);

  int protection = PROT_READ | PROT_WRITE;
  int flags = MAP_SHARED | MAP_POPULATE;
  void *queues = mmap(NULL, ring->queues_bytes, protection, flags, ring->descriptor, IORING_OFF_SQ_RING);
  if (queues == MAP_FAILED) return -errno;
  ring->queues = queues;
  void *entries = mmap(NULL, ring->entries_bytes, protection, flags, ring->descriptor, IORING_OFF_SQES);
  if (entries == MAP_FAILED) return -errno;
  ring->entries = entries;

  char *base = queues;
  ring->capacity = params->sq_entries;
  ring->submit_tail = (uint32_t *)(base + submit->tail);
  ring->submit_mask = *(uint32_t *)(base + submit->ring_mask);
  ring->submit_array = (uint32_t *)(base + submit->array);
  ring->complete_head = (uint32_t *)(base + complete->head);
  ring->complete_tail = (uint32_t *)(base + complete->tail);
  ring->complete_mask = *(uint32_t *)(base + complete->ring_mask);
  ring->completions = (struct io_uring_cqe *)(base + complete->cqes);
  return 0;
}

/* The number of requests taken, or a negative errno. */
static int enter(const struct ring *ring, uint32_t to_submit, uint32_t to_wait_for) {
  uint32_t flags = to_wait_for > 0 ? IORING_ENTER_GETEVENTS : 0;
  for (;;) {
    long taken = syscall(__NR_io_uring_enter, ring->descriptor, to_submit, to_wait_for, flags, NULL, 0);
    if (taken >= 0) return (int)taken;
    if (errno != EINTR) return -errno;
  }
}

static void release(struct ring *ring) {
  if (ring->entries != NULL) munmap(ring->entries, ring->entries_bytes);
  if (ring->queues != NULL) munmap(ring->queues, ring->queues_bytes);
  close(ring->descriptor);
  memset(ring, 0, sizeof *ring);
  ring->descriptor = -1;
}
