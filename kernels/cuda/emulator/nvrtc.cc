// libnvrtc for machines without a GPU: "compiles" CUDA C with g++ into a shared library, the image that the stand-in
// driver loads. CUEMU_FLAGS holds further options, such as -fsanitize=address.
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#define API extern "C" __attribute__((visibility("default"))) int
enum { OK = 0, INVALID_INPUT = 3, INVALID_OPTION = 5, COMPILATION = 6, INTERNAL = 11 };
extern char **environ;

namespace {
struct Program { std::string source, name, log, image; };

std::string ownFolder() {
  Dl_info info;
  dladdr((void *)&ownFolder, &info);
  const std::string path = info.dli_fname;
  return path.substr(0, path.rfind('/'));
}
std::string contents(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
// Dynamic shared memory is the driver's; the kernels are listed behind the source.
std::string adapted(const Program &program) {
  static const std::regex dynamic("extern\\s+__shared__\\s+(?:__align__\\s*\\(\\s*\\d+\\s*\\)\\s+)?([\\w ]+?)\\s+(\\w+)\\s*\\[\\s*\\]\\s*;");
  static const std::regex kernels("__global__\\s+(?:__launch_bounds__\\s*\\(([^)]*)\\)\\s*)?void\\s+(?:__launch_bounds__\\s*\\(([^)]*)\\)\\s*)?(\\w+)\\s*\\(");
  const std::string body = std::regex_replace(program.source, dynamic, "$1 *const $2 = ($1 *)cuemu_state.dynamicShared;");
  std::string table, list;
  for (std::sregex_iterator at(body.begin(), body.end(), kernels), end; at != end; ++at) {
    const std::string name = (*at)[3].str(), bounds = (*at)[1].matched ? (*at)[1].str() : (*at)[2].str();
    const std::string most = bounds.empty() ? "1024" : bounds.substr(0, bounds.find(','));
    table += "CUEMU_KERNEL(" + name + ", (" + most + "))\n";
    list += "&cuemu_kernel_" + name + ", ";
  }
  return "#line 1 \"" + program.name + "\"\n" + body + "\n" + table + "CUEMU_MODULE(" + list + ")\n";
}
// Runs `command`; what it says goes to `log`.
int run(std::vector<std::string> command, const std::string &log) {
  std::vector<char *> arguments;
  for (auto &word : command) arguments.push_back(&word[0]);
  arguments.push_back(nullptr);
  // Sanitizers are for kernels, not for compilers.
  std::vector<char *> environment;
  for (char **entry = environ; *entry; entry++) if (strncmp(*entry, "LD_PRELOAD=", 11)) environment.push_back(*entry);
  environment.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t child;
  const int failure = posix_spawnp(&child, arguments[0], &files, nullptr, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&files);
  int status = 0;
  if (failure || waitpid(child, &status, 0) < 0) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
std::vector<std::string> words(const char *text) {
  std::vector<std::string> all;
  for (std::string rest = text ? text : ""; !rest.empty();) {
    const size_t space = rest.find(' ');
    if (space != 0) all.push_back(rest.substr(0, space));
    rest = space == std::string::npos ? "" : rest.substr(space + 1);
  }
  return all;
}
}  // namespace

API nvrtcVersion(int *major, int *minor) { *major = 13; *minor = 0; return OK; }
extern "C" __attribute__((visibility("default"))) const char *nvrtcGetErrorString(int status) {
  switch (status) {
    case OK: return "NVRTC_SUCCESS";
    case INVALID_INPUT: return "NVRTC_ERROR_INVALID_INPUT";
    case INVALID_OPTION: return "NVRTC_ERROR_INVALID_OPTION";
    case COMPILATION: return "NVRTC_ERROR_COMPILATION";
    default: return "NVRTC_ERROR_INTERNAL_ERROR";
  }
}
API nvrtcCreateProgram(void **program, const char *source, const char *name, int headers, const char *const *, const char *const *) {
  if (headers) return INVALID_INPUT;
  *program = new Program{source, name ? name : "default_program", "", ""};
  return OK;
}
API nvrtcDestroyProgram(void **program) { delete (Program *)*program; *program = nullptr; return OK; }
API nvrtcCompileProgram(void *handle, int count, const char *const *options) {
  Program *program = (Program *)handle;
  const char *chosen = getenv("CXX"), *temporary = getenv("TMPDIR");
  std::vector<std::string> command = {chosen && *chosen ? chosen : "g++", "-std=c++17", "-x", "c++", "-w", "-nostdinc++", "-shared", "-fPIC",
      "-fvisibility=hidden", "-fno-math-errno", "-ffp-contract=off", "-fno-exceptions", "-fno-rtti", "-fno-asynchronous-unwind-tables", "-O1"};
  for (int i = 0; i < count; i++) {
    const std::string option = options[i];
    if (option.rfind("-D", 0) == 0) command.push_back(option);
    else if (option.rfind("--gpu-architecture=", 0) && option.rfind("--std=", 0) && option.rfind("--ptxas-options=", 0) && option.rfind("--fmad=", 0) && option != "-default-device" && option != "--extra-device-vectorization") {
      program->log = "unrecognized option " + option;
      return INVALID_OPTION;
    }
  }
  for (auto &flag : words(getenv("CUEMU_FLAGS"))) command.push_back(flag);
  std::string folder = std::string(temporary && *temporary ? temporary : "/tmp") + "/cuemu-nvrtc-XXXXXX";
  if (!mkdtemp(&folder[0])) return INTERNAL;
  const std::string source = folder + "/kernel.cu", library = folder + "/kernel.so", log = folder + "/log";
  std::ofstream(source) << adapted(*program);
  for (std::string word : {std::string("-include"), ownFolder() + "/cuemu.h", std::string("-o"), library, source, std::string("-lm")}) command.push_back(word);
  const int status = run(command, log);
  program->log = status < 0 ? "there is no " + command[0] : contents(log);
  const std::string code = status == 0 ? contents(library) : "";
  for (auto &file : {source, library, log}) unlink(file.c_str());
  rmdir(folder.c_str());
  if (status != 0) return status < 0 ? INTERNAL : COMPILATION;
  const size_t length = code.size();
  program->image = std::string("CUEMU\0\0\0", 8) + std::string((const char *)&length, sizeof length) + code;
  return OK;
}
API nvrtcGetProgramLogSize(void *program, size_t *bytes) { *bytes = ((Program *)program)->log.size() + 1; return OK; }
API nvrtcGetProgramLog(void *program, char *text) { strcpy(text, ((Program *)program)->log.c_str()); return OK; }
API nvrtcGetCUBINSize(void *program, size_t *bytes) { *bytes = ((Program *)program)->image.size(); return OK; }
API nvrtcGetCUBIN(void *program, char *image) { memcpy(image, ((Program *)program)->image.data(), ((Program *)program)->image.size()); return OK; }
