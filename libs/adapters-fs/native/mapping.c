/*
 * Files in memory, for JavaScript, on Node-API (stable ABI: one binary for every Node).
 *
 * A mapping is a small number. JavaScript never sees the memory itself, only copies bytes into it: nothing can be reached
 * after unmap(), which therefore gives the space of a deleted file back at once. All is undone when the thread ends.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct mapping {
  /* NULL while the number is free. */
  char *base;
  size_t size_bytes;
};

struct instance {
  struct mapping *mappings;
  uint32_t count;
};

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

/* A whole number that is exact in JavaScript. */
static bool get_bytes_count(napi_env env, napi_value value, uint64_t *count) {
  int64_t whole;
  double exact;
  if (napi_get_value_double(env, value, &exact) != napi_ok || !(exact >= 0 && exact <= 9007199254740991.0)) return false;
  if (napi_get_value_int64(env, value, &whole) != napi_ok || (double)whole != exact) return false;
  *count = (uint64_t)whole;
  return true;
}

static struct mapping *mapping_of(napi_env env, const struct instance *instance, napi_value value) {
  uint32_t index;
  if (napi_get_value_uint32(env, value, &index) != napi_ok || index >= instance->count) return NULL;
  return instance->mappings[index].base == NULL ? NULL : &instance->mappings[index];
}

/* The first free number; -1 when memory is out. */
static int32_t free_number(struct instance *instance) {
  uint32_t index = 0;
  while (index < instance->count && instance->mappings[index].base != NULL) index++;
  if (index < instance->count) return (int32_t)index;
  struct mapping *grown = reallocarray(instance->mappings, index + 1, sizeof *grown);
  if (grown == NULL) return -1;
  grown[index] = (struct mapping){0};
  instance->mappings = grown;
  instance->count = index + 1;
  return (int32_t)index;
}

/* Space for the whole file, which is at least so long afterwards; 0, or a negative errno. */
static int reserve_file(int descriptor, off_t size_bytes) {
  while (fallocate(descriptor, 0, 0, size_bytes) != 0)
    if (errno != EINTR) return -errno;
  return 0;
}

/*
 * Space first: a page without any would end the process when it is written to on a full disk.
 * Where the system cannot promise it, the file is not mapped.
 */
static int map_file(struct mapping *mapping, int descriptor, size_t size_bytes) {
  int failure = reserve_file(descriptor, (off_t)size_bytes);
  if (failure != 0) return failure;
  void *base = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (base == MAP_FAILED) return -errno;
  *mapping = (struct mapping){base, size_bytes};
  return 0;
}

static bool get_file(napi_env env, const napi_value *arguments, int32_t *descriptor, uint64_t *size_bytes) {
  if (napi_get_value_int32(env, arguments[0], descriptor) != napi_ok) return false;
  return get_bytes_count(env, arguments[1], size_bytes) && *size_bytes > 0;
}

/* reserve(descriptor, sizeBytes): takes the space of the file; 0, or a negative errno. */
static napi_value reserve(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  int32_t descriptor;
  uint64_t size_bytes;
  if (enter(env, info, 2, arguments) == NULL) return NULL;
  if (!get_file(env, arguments, &descriptor, &size_bytes)) return throw_argument(env, "Not a descriptor and a size");
  return number(env, reserve_file(descriptor, (off_t)size_bytes));
}

/* map(descriptor, sizeBytes): a mapping of the file, whose space is taken; or a negative errno. */
static napi_value map(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  int32_t descriptor;
  uint64_t size_bytes;
  struct instance *instance = enter(env, info, 2, arguments);
  if (instance == NULL) return NULL;
  if (!get_file(env, arguments, &descriptor, &size_bytes)) return throw_argument(env, "Not a descriptor and a size");
  int32_t index = free_number(instance);
  if (index < 0) return number(env, -ENOMEM);
  int failure = map_file(&instance->mappings[index], descriptor, size_bytes);
  return number(env, failure == 0 ? index : failure);
}

/* copy(mapping, bytes, position): copies the bytes into the file; throws, and does nothing, where they do not fit. */
static napi_value copy(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  napi_typedarray_type type;
  bool is_typed_array = false;
  size_t length;
  void *bytes;
  uint64_t position;
  struct instance *instance = enter(env, info, 3, arguments);
  if (instance == NULL) return NULL;
  const struct mapping *mapping = mapping_of(env, instance, arguments[0]);
  napi_is_typedarray(env, arguments[1], &is_typed_array);
  if (mapping == NULL || !is_typed_array || !get_bytes_count(env, arguments[2], &position) ||
      napi_get_typedarray_info(env, arguments[1], &type, &length, &bytes, NULL, NULL) != napi_ok ||
      type != napi_uint8_array)
    return throw_argument(env, "Not a mapping, a byte array and a position");
  if (position > mapping->size_bytes || length > mapping->size_bytes - position)
    return throw_argument(env, "Bytes beyond the end of a mapping");
  if (length > 0) memcpy(mapping->base + position, bytes, length);
  return NULL;
}

/* unmap(mapping): its number is free again. */
static napi_value unmap(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  struct instance *instance = enter(env, info, 1, arguments);
  if (instance == NULL) return NULL;
  struct mapping *mapping = mapping_of(env, instance, arguments[0]);
  if (mapping == NULL) return throw_argument(env, "Not a mapping");
  munmap(mapping->base, mapping->size_bytes);
  *mapping = (struct mapping){0};
  return NULL;
}

static void free_instance(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  struct instance *instance = data;
  for (uint32_t index = 0; index < instance->count; index++)
    if (instance->mappings[index].base != NULL)
      munmap(instance->mappings[index].base, instance->mappings[index].size_bytes);
  free(instance->mappings);
  free(instance);
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"reserve", NULL, reserve, NULL, NULL, NULL, napi_default, NULL},
      {"map", NULL, map, NULL, NULL, NULL, napi_default, NULL},
      {"copy", NULL, copy, NULL, NULL, NULL, napi_default, NULL},
      {"unmap", NULL, unmap, NULL, NULL, NULL, napi_default, NULL},
  };
  struct instance *instance = calloc(1, sizeof *instance);
  if (instance == NULL) return exports;
  napi_set_instance_data(env, instance, free_instance, NULL);
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
  return exports;
}
