/* An io_uring by raw system calls: the two queues that are shared with the kernel, and nothing of JavaScript. */
#ifndef WALRUS_RING_H
#define WALRUS_RING_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
  int descriptor;
  /* Most requests that may be under way. Invariant: under_way <= capacity <= slots of either queue, so neither is ever full. */
  uint32_t capacity;
  uint32_t under_way;
  /* Requests in the submission queue that the kernel has not taken yet. Invariant: queued <= under_way. */
  uint32_t queued;

  void *queues;
  size_t queues_bytes;
  struct io_uring_sqe *entries;
  size_t entries_bytes;

  uint32_t *submit_tail;
  uint32_t submit_mask;
  uint32_t *submit_array;
  uint32_t *complete_head;
  uint32_t *complete_tail;
  uint32_t complete_mask;
  struct io_uring_cqe *completions;
};

/* Makes a ring; 0, or a negative errno: ENOSYS where the kernel is too old or has none, EPERM where it forbids it. */
int ring_open(struct ring *ring, uint32_t capacity);

/* A cleared entry to fill in, under way from now on; NULL when `capacity` requests are. */
struct io_uring_sqe *ring_queue(struct ring *ring);

/* Hands what is queued to the kernel; 0, or a negative errno with the rest still queued. */
int ring_submit(struct ring *ring);

/* Takes back the newest queued request that the kernel has not taken; its user_data, or false when there is none. */
bool ring_unqueue(struct ring *ring, uint64_t *user_data);

/* The next completion; false when there is none. */
bool ring_reap(struct ring *ring, uint64_t *user_data, int32_t *result);

/* Blocks until no request is under way and releases the ring: the kernel touches no buffer any more. */
void ring_close(struct ring *ring);

#endif
