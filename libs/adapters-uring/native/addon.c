/*
 * The door between JavaScript and one io_uring a thread, on Node-API (stable ABI: one binary for every Node).
 *
 * Requests are queued one by one and handed over together by submit(). The ring's own descriptor is polled by the event
 * loop; what has completed by then is written into an array that JavaScript shares, as pairs (request, result), and
 * announced by one call. A request keeps its buffers alive until it has completed. The ring lives as long as the thread's
 * environment: at its end no buffer is given up before the kernel is done with it.
 */
#define NAPI_VERSION 8
#include "ring.h"

#include <errno.h>
#include <math.h>
#include <node_api.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <uv.h>

/* What the kernel transfers at most in one request, and takes as parts. */
#define TRANSFER_BYTES_MAX 0x7ffff000u
#define PARTS_MAX 1024u

struct request {
  /* The buffers, or NULL for a request without any. */
  napi_ref kept;
  /* Where there are several. */
  struct iovec *parts;
  /* While the request is free: the next free one. */
  uint32_t next_free;
};

struct instance {
  napi_env env;
  struct ring ring;
  bool is_open;
  struct request *requests;
  uint32_t first_free;
  /* Pairs (request, result); `results_max` of them have room. */
  int32_t *results;
  uint32_t results_max;
  napi_ref results_kept;
  napi_ref on_completions;
  napi_async_context context;
  uv_poll_t *poll;
  napi_async_cleanup_hook_handle cleanup;
};

/* What a request transfers: one buffer, or several, which are then owned by the request. */
struct transfer {
  napi_value kept;
  struct iovec single;
  struct iovec *parts;
  uint32_t part_count;
  uint64_t position;
  int descriptor;
  uint32_t flags;
};

static void harvest(uv_poll_t *poll, int status, int events);
static void tear_down(napi_async_cleanup_hook_handle handle, void *data);

static napi_value throw_argument(napi_env env, const char *what) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", what);
  return NULL;
}

static napi_value number(napi_env env, int32_t value) {
  napi_value result;
  return napi_create_int32(env, value, &result) == napi_ok ? result : NULL;
}

/* The arguments, and the instance of this thread; NULL, with an exception, when there are fewer. */
static struct instance *enter(napi_env env, napi_callback_info info, size_t count, napi_value *arguments) {
  size_t given = count;
  struct instance *instance = NULL;
  napi_get_cb_info(env, info, &given, arguments, NULL, NULL);
  napi_get_instance_data(env, (void **)&instance);
  if (given == count && instance != NULL) return instance;
  throw_argument(env, "Too few arguments");
  return NULL;
}

static bool get_bytes(napi_env env, napi_value value, struct iovec *bytes) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  napi_is_typedarray(env, value, &is_typed_array);
  if (!is_typed_array) return false;
  napi_get_typedarray_info(env, value, &type, &bytes->iov_len, &bytes->iov_base, NULL, NULL);
  return type == napi_uint8_array;
}

static bool get_place(napi_env env, napi_value descriptor, napi_value position, struct transfer *transfer) {
  double value;
  if (napi_get_value_int32(env, descriptor, &transfer->descriptor) != napi_ok || transfer->descriptor < 0) return false;
  if (napi_get_value_double(env, position, &value) != napi_ok) return false;
  if (!(value >= 0 && value <= 9007199254740991.0) || value != floor(value)) return false;
  transfer->position = (uint64_t)value;
  return true;
}

/* Fills in the parts; false, with nothing to free, when they are not 1 to PARTS_MAX arrays of bytes. */
static bool get_parts(napi_env env, napi_value array, struct transfer *transfer) {
  uint64_t total = 0;
  if (napi_get_array_length(env, array, &transfer->part_count) != napi_ok) return false;
  if (transfer->part_count == 0 || transfer->part_count > PARTS_MAX) return false;
  transfer->kept = array;
  transfer->parts = transfer->part_count == 1 ? NULL : calloc(transfer->part_count, sizeof(struct iovec));
  if (transfer->part_count > 1 && transfer->parts == NULL) return false;
  struct iovec *parts = transfer->parts == NULL ? &transfer->single : transfer->parts;
  for (uint32_t index = 0; index < transfer->part_count; index++) {
    napi_value part;
    if (napi_get_element(env, array, index, &part) != napi_ok || !get_bytes(env, part, &parts[index])) break;
    total += parts[index].iov_len;
    if (total > TRANSFER_BYTES_MAX) break;
    if (index + 1 == transfer->part_count) return true;
  }
  free(transfer->parts);
  return false;
}

/* Queues the request; its number, or -1 when so many are under way that it must wait. */
static napi_value begin(struct instance *instance, uint8_t operation, const struct transfer *transfer) {
  uint32_t id = instance->first_free;
  struct request *request = &instance->requests[id];
  napi_ref kept = NULL;
  if (transfer->kept != NULL && napi_create_reference(instance->env, transfer->kept, 1, &kept) != napi_ok) {
    free(transfer->parts);
    return throw_argument(instance->env, "Buffers cannot be kept");
  }
  struct io_uring_sqe *entry = ring_queue(&instance->ring);
  instance->first_free = request->next_free;
  request->kept = kept;
  request->parts = transfer->parts;
  entry->opcode = operation;
  entry->fd = transfer->descriptor;
  entry->off = transfer->position;
  entry->addr = (uint64_t)(uintptr_t)(transfer->parts == NULL ? transfer->single.iov_base : transfer->parts);
  entry->len = transfer->parts == NULL ? (uint32_t)transfer->single.iov_len : transfer->part_count;
  entry->rw_flags = transfer->flags;
  entry->user_data = id;
  if (instance->ring.under_way == 1) uv_ref((uv_handle_t *)instance->poll);
  return number(instance->env, (int32_t)id);
}

static void release_request(struct instance *instance, uint32_t id) {
  struct request *request = &instance->requests[id];
  if (request->kept != NULL) napi_delete_reference(instance->env, request->kept);
  free(request->parts);
  *request = (struct request){.next_free = instance->first_free};
  instance->first_free = id;
  if (instance->ring.under_way == 0) uv_unref((uv_handle_t *)instance->poll);
}

static bool has_room(const struct instance *instance) {
  return instance->is_open && instance->ring.under_way < instance->ring.capacity;
}

/* write(descriptor, parts, position): the request, or -1 when the ring has no room. */
static napi_value write_parts(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  struct transfer transfer = {0};
  struct instance *instance = enter(env, info, 3, arguments);
  if (instance == NULL) return NULL;
  if (!has_room(instance)) return number(env, -1);
  if (!get_place(env, arguments[0], arguments[2], &transfer) || !get_parts(env, arguments[1], &transfer))
    return throw_argument(env, "Not a descriptor, 1 to 1024 byte arrays of less than 2 GiB, and a position");
  return begin(instance, transfer.parts == NULL ? IORING_OP_WRITE : IORING_OP_WRITEV, &transfer);
}

/* read(descriptor, bytes, position): the request, or -1 when the ring has no room. */
static napi_value read_bytes(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  struct transfer transfer = {0};
  struct instance *instance = enter(env, info, 3, arguments);
  if (instance == NULL) return NULL;
  if (!has_room(instance)) return number(env, -1);
  if (!get_place(env, arguments[0], arguments[2], &transfer) || !get_bytes(env, arguments[1], &transfer.single) ||
      transfer.single.iov_len > TRANSFER_BYTES_MAX)
    return throw_argument(env, "Not a descriptor, a byte array of less than 2 GiB, and a position");
  transfer.kept = arguments[1];
  return begin(instance, IORING_OP_READ, &transfer);
}

/* syncData(descriptor): the request, or -1 when the ring has no room. */
static napi_value sync_data(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  struct transfer transfer = {.flags = IORING_FSYNC_DATASYNC};
  struct instance *instance = enter(env, info, 1, arguments);
  if (instance == NULL) return NULL;
  if (!has_room(instance)) return number(env, -1);
  if (napi_get_value_int32(env, arguments[0], &transfer.descriptor) != napi_ok)
    return throw_argument(env, "Not a descriptor");
  return begin(instance, IORING_OP_FSYNC, &transfer);
}

/* reserve(descriptor, sizeBytes): the request, or -1 when the ring has no room. */
static napi_value reserve(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct transfer transfer = {0};
  struct instance *instance = enter(env, info, 2, arguments);
  if (instance == NULL) return NULL;
  if (!has_room(instance)) return number(env, -1);
  if (!get_place(env, arguments[0], arguments[1], &transfer)) return throw_argument(env, "Not a descriptor and a size");
  /* This operation has its length where others have their address. */
  transfer.single.iov_base = (void *)(uintptr_t)transfer.position;
  transfer.position = 0;
  return begin(instance, IORING_OP_FALLOCATE, &transfer);
}

/* submit(): hands over what is queued; 0, or a negative errno with the rest still queued. */
static napi_value submit(napi_env env, napi_callback_info info) {
  struct instance *instance = enter(env, info, 0, NULL);
  if (instance == NULL) return NULL;
  return number(env, instance->is_open ? ring_submit(&instance->ring) : 0);
}

/* unqueue(): gives up one request that is queued and not handed over; the request, or -1 when there is none. */
static napi_value unqueue(napi_env env, napi_callback_info info) {
  uint64_t id;
  struct instance *instance = enter(env, info, 0, NULL);
  if (instance == NULL) return NULL;
  if (!instance->is_open || !ring_unqueue(&instance->ring, &id)) return number(env, -1);
  release_request(instance, (uint32_t)id);
  return number(env, (int32_t)id);
}

static int start(struct instance *instance, uint32_t capacity) {
  int failure = ring_open(&instance->ring, capacity);
  if (failure != 0) return failure;
  capacity = instance->ring.capacity;
  uv_loop_t *loop = NULL;
  instance->requests = calloc(capacity, sizeof(struct request));
  instance->poll = calloc(1, sizeof(uv_poll_t));
  if (instance->requests == NULL || instance->poll == NULL) return -ENOMEM;
  for (uint32_t id = 0; id < capacity; id++) instance->requests[id].next_free = id + 1;
  if (napi_get_uv_event_loop(instance->env, &loop) != napi_ok) return -ENOSYS;
  return uv_poll_init(loop, instance->poll, instance->ring.descriptor);
}

/* open(capacity, results, onCompletions): makes the ring of this thread; 0, or a negative errno. */
static napi_value open_ring(napi_env env, napi_callback_info info) {
  napi_value arguments[3], name;
  uint32_t capacity;
  size_t length;
  void *data;
  napi_typedarray_type type;
  napi_valuetype callback;
  struct instance *instance = enter(env, info, 3, arguments);
  if (instance == NULL) return NULL;
  if (instance->is_open) return number(env, -EALREADY);
  if (napi_get_value_uint32(env, arguments[0], &capacity) != napi_ok ||
      napi_get_typedarray_info(env, arguments[1], &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_int32_array || length < 2 || napi_typeof(env, arguments[2], &callback) != napi_ok ||
      callback != napi_function)
    return throw_argument(env, "Not a capacity, an Int32Array of at least 2 and a function");
  int failure = start(instance, capacity);
  if (failure != 0) {
    if (instance->ring.descriptor >= 0) ring_close(&instance->ring);
    free(instance->requests);
    free(instance->poll);
    return number(env, failure);
  }
  instance->results = data;
  instance->results_max = (uint32_t)(length / 2);
  instance->poll->data = instance;
  napi_create_reference(env, arguments[1], 1, &instance->results_kept);
  napi_create_reference(env, arguments[2], 1, &instance->on_completions);
  napi_create_string_utf8(env, "walrus:uring", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &instance->context);
  napi_add_async_cleanup_hook(env, tear_down, instance, &instance->cleanup);
  uv_poll_start(instance->poll, UV_READABLE, harvest);
  uv_unref((uv_handle_t *)instance->poll);
  instance->is_open = true;
  return number(env, 0);
}

/* At most one array full a turn of the loop: completions that come as fast as they are taken must not starve the rest. */
static void harvest(uv_poll_t *poll, int status, int events) {
  (void)status, (void)events;
  struct instance *instance = poll->data;
  napi_env env = instance->env;
  napi_handle_scope scope;
  uint32_t count = 0;
  uint64_t id;
  napi_open_handle_scope(env, &scope);
  while (count < instance->results_max && ring_reap(&instance->ring, &id, &instance->results[2 * count + 1])) {
    instance->results[2 * count] = (int32_t)id;
    release_request(instance, (uint32_t)id);
    count++;
  }
  if (count > 0) {
    napi_value on_completions, self, argument, error;
    napi_get_reference_value(env, instance->on_completions, &on_completions);
    napi_get_global(env, &self);
    napi_create_uint32(env, count, &argument);
    napi_status called = napi_make_callback(env, instance->context, self, on_completions, 1, &argument, NULL);
    /* Nothing of the instance is used from here on: the callback may have ended this environment. */
    if (called == napi_pending_exception && napi_get_and_clear_last_exception(env, &error) == napi_ok)
      napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

static void on_poll_closed(uv_handle_t *poll) {
  struct instance *instance = poll->data;
  napi_async_cleanup_hook_handle cleanup = instance->cleanup;
  free(poll);
  napi_remove_async_cleanup_hook(cleanup);
}

/* The environment ends: nothing is polled any more, and the kernel is done with every buffer before it is given up. */
static void tear_down(napi_async_cleanup_hook_handle handle, void *data) {
  struct instance *instance = data;
  instance->cleanup = handle;
  instance->is_open = false;
  uint32_t capacity = instance->ring.capacity;
  uv_close((uv_handle_t *)instance->poll, on_poll_closed);
  ring_close(&instance->ring);
  for (uint32_t id = 0; id < capacity; id++) {
    if (instance->requests[id].kept != NULL) napi_delete_reference(instance->env, instance->requests[id].kept);
    free(instance->requests[id].parts);
  }
  free(instance->requests);
  napi_delete_reference(instance->env, instance->results_kept);
  napi_delete_reference(instance->env, instance->on_completions);
  napi_async_destroy(instance->env, instance->context);
}

static void free_instance(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  free(data);
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"open", NULL, open_ring, NULL, NULL, NULL, napi_default, NULL},
      {"write", NULL, write_parts, NULL, NULL, NULL, napi_default, NULL},
      {"read", NULL, read_bytes, NULL, NULL, NULL, napi_default, NULL},
      {"syncData", NULL, sync_data, NULL, NULL, NULL, napi_default, NULL},
      {"reserve", NULL, reserve, NULL, NULL, NULL, napi_default, NULL},
      {"submit", NULL, submit, NULL, NULL, NULL, napi_default, NULL},
      {"unqueue", NULL, unqueue, NULL, NULL, NULL, napi_default, NULL},
  };
  struct instance *instance = calloc(1, sizeof *instance);
  if (instance == NULL) return exports;
  instance->env = env;
  instance->ring.descriptor = -1;
  napi_set_instance_data(env, instance, free_instance, NULL);
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
  return exports;
}
