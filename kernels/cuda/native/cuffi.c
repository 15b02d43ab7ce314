/*
 * The native adapter: it calls C functions by address.
 *
 * Every function of the CUDA driver, NVRTC and cuBLASLt that is used takes integers and pointers only (numbers such as
 * alpha and beta go by pointer), so that one trampoline calls them all, and nothing here knows any of them: names, types,
 * constants and errors stand in TypeScript. Nothing of CUDA is needed to build it.
 *
 * A command buffer is a list of calls, in 64-bit words: [0] the index of the call that failed (out), [1] the number of
 * calls; for each call: the function, flags << 32 | the number of arguments, the arguments. A call that returns anything
 * but 0 ends the list; with the flag VALUE, its result is no status, but goes to one more word behind its arguments.
 *
 * There is no state: what a program holds is freed when it is collected, so that every worker thread may load this.
 */
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
static void *openLibrary(const char *path) { return (void *)LoadLibraryExA(path, NULL, strpbrk(path, "/\\") ? LOAD_WITH_ALTERED_SEARCH_PATH : 0); }
static void *findSymbol(void *library, const char *name) { return (void *)GetProcAddress((HMODULE)library, name); }
static void describeFailure(char *text, size_t length) { snprintf(text, length, "LoadLibrary: error %lu", GetLastError()); }
#else
#include <dlfcn.h>
static void *openLibrary(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
static void *findSymbol(void *library, const char *name) { return dlsym(library, name); }
static void describeFailure(char *text, size_t length) {
  const char *reason = dlerror();
  snprintf(text, length, "%s", reason ? reason : "unknown");
}
#endif

enum { MOST_ARGUMENTS = 22, VALUE = 1, MALFORMED = -1 };
typedef uint64_t Word;
typedef Word (*Function4)(Word, Word, Word, Word);
typedef Word (*Function22)(Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word,
                           Word, Word, Word, Word, Word, Word);

static Word callFunction(Word function, const Word *a, uint32_t count) {
  if (count <= 4) {
    Word b[4] = {0};
    for (uint32_t i = 0; i < count; i++) b[i] = a[i];
    return ((Function4)(uintptr_t)function)(b[0], b[1], b[2], b[3]);
  }
  Word b[MOST_ARGUMENTS] = {0};
  memcpy(b, a, count * sizeof(Word));
  return ((Function22)(uintptr_t)function)(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                                           b[13], b[14], b[15], b[16], b[17], b[18], b[19], b[20], b[21]);
}

static int32_t runWords(Word *words, size_t length) {
  Word count = words[1];
  size_t at = 2;
  for (Word i = 0; i < count; i++) {
    words[0] = i;
    if (at + 2 > length) return MALFORMED;
    uint32_t arity = (uint32_t)words[at + 1], flags = (uint32_t)(words[at + 1] >> 32);
    size_t next = at + 2 + arity + (flags & VALUE);
    if (words[at] == 0 || arity > MOST_ARGUMENTS || next > length) return MALFORMED;
    Word result = callFunction(words[at], words + at + 2, arity);
    if (flags & VALUE) words[next - 1] = result;
    else if ((int32_t)result != 0) return (int32_t)result;
    at = next;
  }
  words[0] = count;
  return 0;
}

static napi_value fail(napi_env env, const char *message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_type_error(env, "CUFFI", message);
  return NULL;
}
#define CHECK(call) do { if ((call) != napi_ok) return fail(env, "cuffi: " #call); } while (0)
#define ARGUMENTS(n) size_t given = n; napi_value args[n]; CHECK(napi_get_cb_info(env, info, &given, args, NULL, NULL)); \
  if (given < n) return fail(env, "cuffi: too few arguments")

static napi_value number(napi_env env, double value) {
  napi_value result;
  CHECK(napi_create_double(env, value, &result));
  return result;
}
static void *pointer(napi_env env, napi_value value) {
  double address = 0;
  napi_get_value_double(env, value, &address);
  return (void *)(uintptr_t)address;
}
/* The memory of an ArrayBuffer or a typed array. */
static bool memoryOf(napi_env env, napi_value value, void **data, size_t *bytes) {
  static const uint8_t width[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 2};
  bool is = false;
  if (napi_is_arraybuffer(env, value, &is) == napi_ok && is) return napi_get_arraybuffer_info(env, value, data, bytes) == napi_ok;
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is) return false;
  napi_typedarray_type type;
  napi_value buffer;
  size_t length, offset;
  if (napi_get_typedarray_info(env, value, &type, &length, data, &buffer, &offset) != napi_ok || type >= sizeof width) return false;
  *bytes = length * width[type];
  return true;
}

static napi_value Open(napi_env env, napi_callback_info info) { /* (path) → handle, or why not */
  ARGUMENTS(1);
  char path[4096], reason[4096];
  napi_value result;
  CHECK(napi_get_value_string_utf8(env, args[0], path, sizeof path, &given));
  void *library = openLibrary(path);
  if (library) return number(env, (double)(uintptr_t)library);
  describeFailure(reason, sizeof reason);
  CHECK(napi_create_string_utf8(env, reason, NAPI_AUTO_LENGTH, &result));
  return result;
}
static napi_value Find(napi_env env, napi_callback_info info) { /* (handle, name) → address, or 0 */
  ARGUMENTS(2);
  char name[256];
  CHECK(napi_get_value_string_utf8(env, args[1], name, sizeof name, &given));
  return number(env, (double)(uintptr_t)findSymbol(pointer(env, args[0]), name));
}
static napi_value Address(napi_env env, napi_callback_info info) { /* (memory) → address */
  ARGUMENTS(1);
  void *data;
  if (!memoryOf(env, args[0], &data, &given)) return fail(env, "cuffi: an ArrayBuffer or a typed array is expected");
  return number(env, (double)(uintptr_t)data);
}
static napi_value View(napi_env env, napi_callback_info info) { /* (address, bytes) → an ArrayBuffer of that memory */
  ARGUMENTS(2);
  napi_value result;
  double bytes;
  CHECK(napi_get_value_double(env, args[1], &bytes));
  CHECK(napi_create_external_arraybuffer(env, pointer(env, args[0]), (size_t)bytes, NULL, NULL, &result));
  return result;
}
static napi_value Detach(napi_env env, napi_callback_info info) { /* (view): nobody reaches its memory any more */
  ARGUMENTS(1);
  CHECK(napi_detach_arraybuffer(env, args[0]));
  return NULL;
}
static napi_value Text(napi_env env, napi_callback_info info) { /* (address) → the C string there */
  ARGUMENTS(1);
  const char *text = pointer(env, args[0]);
  napi_value result;
  CHECK(napi_create_string_utf8(env, text ? text : "", NAPI_AUTO_LENGTH, &result));
  return result;
}

/* A command buffer that stays where it is, and the promise of one that runs on a thread of the pool. */
typedef struct { Word *words; size_t length; napi_ref memory, kept; napi_async_work work; napi_deferred promise; int32_t status; } Program;

static bool commands(napi_env env, napi_value value, Program *program) {
  void *data;
  size_t bytes;
  if (!memoryOf(env, value, &data, &bytes) || bytes < 16 || (uintptr_t)data % sizeof(Word) != 0) return false;
  program->words = data;
  program->length = bytes / sizeof(Word);
  return true;
}
static napi_value Call(napi_env env, napi_callback_info info) { /* (commands, what they point to) → status */
  ARGUMENTS(2); /* arguments are not collected before this returns */
  Program program;
  if (!commands(env, args[0], &program)) return fail(env, "cuffi: a command buffer is expected");
  return number(env, runWords(program.words, program.length));
}
static void release(napi_env env, void *data, void *hint) {
  (void)hint;
  napi_delete_reference(env, ((Program *)data)->memory);
  if (((Program *)data)->kept) napi_delete_reference(env, ((Program *)data)->kept);
  free(data);
}
static napi_value Bind(napi_env env, napi_callback_info info) { /* (commands) → program */
  ARGUMENTS(1);
  Program found = {0}, *program = NULL;
  napi_value result;
  if (!commands(env, args[0], &found)) return fail(env, "cuffi: a command buffer is expected");
  CHECK(napi_create_reference(env, args[0], 1, &found.memory));
  if (!(program = malloc(sizeof found))) return fail(env, "cuffi: out of memory");
  *program = found;
  CHECK(napi_create_external(env, program, release, NULL, &result));
  return result;
}
static napi_value Run(napi_env env, napi_callback_info info) { /* (program) → status */
  ARGUMENTS(1);
  void *program;
  CHECK(napi_get_value_external(env, args[0], &program));
  return number(env, runWords(((Program *)program)->words, ((Program *)program)->length));
}
static void execute(napi_env env, void *data) {
  (void)env;
  ((Program *)data)->status = runWords(((Program *)data)->words, ((Program *)data)->length);
}
static void complete(napi_env env, napi_status status, void *data) {
  (void)status;
  Program *program = data;
  napi_resolve_deferred(env, program->promise, number(env, program->status));
  napi_delete_async_work(env, program->work);
  release(env, data, NULL);
}
static napi_value CallAsync(napi_env env, napi_callback_info info) { /* (commands, what they point to) → a promise of the status */
  ARGUMENTS(2);
  Program found = {0}, *program = NULL;
  napi_value name, result;
  if (!commands(env, args[0], &found)) return fail(env, "cuffi: a command buffer is expected");
  CHECK(napi_create_string_utf8(env, "cuffi", NAPI_AUTO_LENGTH, &name));
  CHECK(napi_create_reference(env, args[0], 1, &found.memory));
  CHECK(napi_create_reference(env, args[1], 1, &found.kept));
  CHECK(napi_create_promise(env, &found.promise, &result));
  if (!(program = malloc(sizeof found))) return fail(env, "cuffi: out of memory");
  *program = found;
  CHECK(napi_create_async_work(env, NULL, name, execute, complete, program, &program->work));
  CHECK(napi_queue_async_work(env, program->work));
  return result;
}

NAPI_MODULE_INIT() {
  static const struct { const char *name; napi_callback function; } table[] = {
      {"open", Open}, {"find", Find}, {"address", Address}, {"view", View}, {"detach", Detach},
      {"text", Text}, {"call", Call}, {"bind", Bind}, {"run", Run}, {"callAsync", CallAsync}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    napi_value function;
    CHECK(napi_create_function(env, table[i].name, NAPI_AUTO_LENGTH, table[i].function, NULL, &function));
    CHECK(napi_set_named_property(env, exports, table[i].name, function));
  }
  return exports;
}
