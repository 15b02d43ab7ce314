// libnvrtc for machines without a GPU: "compiles" CUDA C with g++ into a shared library, the image that the stand-in
// driver loads. CUEMU_FLAGS holds further options, such as -fsanitize=address. Programs that are known together are compiled
// together (cuemuCompile), without optimization: that takes a quarter of the time, and tests run most of them once.
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

#include <algorithm>
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
// How many bytes all programs begin with: the library of the product. It is compiled once.
size_t common(const std::vector<Program *> &programs) {
  const std::string &first = programs[0]->source;
  size_t length = programs.size() > 1 ? first.find("__global__") : 0;
  for (const Program *program : programs) {
    if (program->name != programs[0]->name) return 0;
    const auto end = first.begin() + std::min(length, first.size());
    length = std::mismatch(first.begin(), end, program->source.begin(), program->source.end()).first - first.begin();
  }
  const size_t paragraph = first.rfind("\n\n", length);
  return length == 0 || paragraph == std::string::npos ? 0 : paragraph;
}
std::string lineOf(const Program &program, size_t at) {
  const size_t lines = std::count(program.source.begin(), program.source.begin() + at, '\n');
  return "#line " + std::to_string(1 + lines) + " \"" + program.name + "\"\n";
}
// Dynamic shared memory is the driver's; the kernels are listed behind the source, each program has names of its own.
std::string adapted(const Program &program, size_t from, size_t number) {
  static const std::regex dynamic("extern\\s+__shared__\\s+(?:__align__\\s*\\(\\s*\\d+\\s*\\)\\s+)?([\\w ]+?)\\s+(\\w+)\\s*\\[\\s*\\]\\s*;");
  static const std::regex linkage("extern\\s+\"C\"\\s+(?=__global__)");
  static const std::regex kernels("__global__\\s+(?:__launch_bounds__\\s*\\(([^)]*)\\)\\s*)?void\\s+(?:__launch_bounds__\\s*\\(([^)]*)\\)\\s*)?(\\w+)\\s*\\(");
  const std::string own = std::regex_replace(program.source.substr(from), linkage, "");
  const std::string body = std::regex_replace(own, dynamic, "$1 *const $2 = ($1 *)cuemu_state.dynamicShared;");
  std::string table, list;
  for (std::sregex_iterator at(body.begin(), body.end(), kernels), end; at != end; ++at) {
    const std::string name = (*at)[3].str(), bounds = (*at)[1].matched ? (*at)[1].str() : (*at)[2].str();
    const std::string most = bounds.empty() ? "1024" : bounds.substr(0, bounds.find(','));
    table += "CUEMU_KERNEL(" + name + ", (" + most + "))\n";
    list += "&cuemu_kernel_" + name + ", ";
  }
  const std::string n = std::to_string(number);
  return "namespace cuemu_program_" + n + " {\n" + lineOf(program, from) + body + "\n" + table + "CUEMU_MODULE(" + n + ", " + list + ")\n}\n";
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
// Makes one library of all programs; what the compiler says is said of each. Where a file is named, that is the library, and
// images have its name.
int compile(const std::vector<Program *> &programs, const std::vector<std::string> &options, const std::string &kept = "") {
  const auto say = [&](const std::string &text) { for (Program *program : programs) program->log = text; };
  const char *chosen = getenv("CXX"), *temporary = getenv("TMPDIR");
  std::vector<std::string> command = {chosen && *chosen ? chosen : "g++", "-std=c++17", "-x", "c++", "-w", "-nostdinc++", "-nostartfiles", "-shared", "-fPIC",
      "-fvisibility=hidden", "-fno-math-errno", "-ffp-contract=off", "-fno-exceptions", "-fno-rtti", "-fno-asynchronous-unwind-tables", kept.empty() ? "-O1" : "-O0"};
  for (const std::string &option : options) {
    if (option.rfind("-D", 0) == 0) command.push_back(option);
    else if (option.rfind("--gpu-architecture=", 0) && option.rfind("--std=", 0) && option.rfind("--ptxas-options=", 0) && option.rfind("--fmad=", 0) && option != "-default-device" && option != "--extra-device-vectorization") {
      say("unrecognized option " + option);
      return INVALID_OPTION;
    }
  }
  for (auto &flag : words(getenv("CUEMU_FLAGS"))) command.push_back(flag);
  std::string folder = std::string(temporary && *temporary ? temporary : "/tmp") + "/cuemu-nvrtc-XXXXXX";
  if (!mkdtemp(&folder[0])) return INTERNAL;
  const std::string source = folder + "/kernel.cu", library = folder + "/kernel.so", log = folder + "/log";
  {
    std::ofstream file(source);
    const size_t shared = common(programs);
    file << lineOf(*programs[0], 0) << programs[0]->source.substr(0, shared) << "\n";
    for (size_t i = 0; i < programs.size(); i++) file << adapted(*programs[i], shared, i);
  }
  for (std::string word : {std::string("-include"), ownFolder() + "/cuemu.h", std::string("-o"), library, source, std::string("-lm")}) command.push_back(word);
  const int status = run(command, log);
  say(status < 0 ? "there is no " + command[0] : contents(log));
  const std::string unfinished = kept + ".unfinished-" + std::to_string(getpid());
  const std::string code = status != 0 ? "" : kept.empty() ? contents(library) : kept;
  const bool isKept = kept.empty() || status != 0 || (bool(std::ofstream(unfinished, std::ios::binary) << contents(library)) && rename(unfinished.c_str(), kept.c_str()) == 0);
  for (auto &file : {source, library, log}) unlink(file.c_str());
  rmdir(folder.c_str());
  if (status != 0) return status < 0 ? INTERNAL : COMPILATION;
  if (!isKept) return INTERNAL;
  for (size_t i = 0; i < programs.size(); i++) {
    const size_t head[] = {i, code.size()};
    programs[i]->image = std::string(kept.empty() ? "CUEMU\0\0\0" : "CUEMU\0\0\1", 8) + std::string((const char *)head, sizeof head) + code;
  }
  return OK;
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
  return compile({program}, {options, options + count});
}
// For tests: the same of several programs as one library, the file `kept`, which takes less time. Where one is wrong, each
// is compiled by itself.
API cuemuCompile(int programs, void *const *handles, int count, const char *const *options, const char *kept) {
  const std::vector<std::string> chosen(options, options + count);
  std::vector<Program *> all;
  for (int i = 0; i < programs; i++) all.push_back((Program *)handles[i]);
  const int together = compile(all, chosen, kept);
  if (together != COMPILATION) return together;
  int status = OK;
  for (Program *program : all) if (int own = compile({program}, chosen)) status = own;
  return status;
}
API nvrtcGetProgramLogSize(void *program, size_t *bytes) { *bytes = ((Program *)program)->log.size() + 1; return OK; }
API nvrtcGetProgramLog(void *program, char *text) { strcpy(text, ((Program *)program)->log.c_str()); return OK; }
API nvrtcGetCUBINSize(void *program, size_t *bytes) { *bytes = ((Program *)program)->image.size(); return OK; }
API nvrtcGetCUBIN(void *program, char *image) { memcpy(image, ((Program *)program)->image.data(), ((Program *)program)->image.size()); return OK; }
