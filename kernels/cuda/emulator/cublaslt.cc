// libcublasLt for machines without a GPU: products of matrices with epilogues, in the same descriptors, column by column.
// Sums are kept in double.
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <map>
#include <string>
#include <vector>

#define API extern "C" __attribute__((visibility("default"))) int
enum { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15, ILLEGAL_ADDRESS = 700 };
// Attributes of products and of layouts.
enum { COMPUTE = 0, SCALE = 1, TRANSPOSE_A = 3, TRANSPOSE_B = 4, EPILOGUE = 7, BIAS = 8, BIAS_STRIDE = 10, AUX = 11, AUX_LEAD = 12, AUX_STRIDE = 13, BIAS_TYPE = 26 };
enum { TYPE = 0, ORDER = 1, ROWS = 2, COLUMNS = 3, LEAD = 4, BATCH = 5, STRIDE = 6 };
enum { R32F = 0, R64F = 1, R16F = 2, R16BF = 14 };
enum { RELU = 2, HAS_BIAS = 4, DRELU = 8, GRADIENT_OF_BIAS = 16, GELU = 32, DGELU = 64, HAS_AUX = 128, BGRAD_A = 256, BGRAD_B = 512 };

namespace {
struct Attributes {
  std::map<int, int64_t> values;
  int64_t get(int key, int64_t usual = 0) const {
    auto found = values.find(key);
    return found == values.end() ? usual : found->second;
  }
};
struct Job { Attributes product, a, b, c, d; double alpha, beta; const void *A, *B, *C; void *D; };

struct Driver {
  int (*put)(void *, int (*)(void *), void *);
  int (*isInside)(uint64_t, size_t);
};
// The stand-in driver lies beside this library, and is loaded.
const Driver *driver() {
  static Driver found = [] {
    Dl_info info;
    dladdr((void *)&driver, &info);
    const std::string path = info.dli_fname;
    void *library = dlopen((path.substr(0, path.rfind('/')) + "/libcuda.so.1").c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (!library) return Driver{nullptr, nullptr};
    return Driver{(decltype(Driver::put))dlsym(library, "cuemuPut"), (decltype(Driver::isInside))dlsym(library, "cuemuIsInside")};
  }();
  return found.put ? &found : nullptr;
}

size_t widthOf(int64_t type) { return type == R64F ? 8 : type == R32F ? 4 : 2; }
bool isKnown(int64_t type) { return type == R32F || type == R64F || type == R16F || type == R16BF; }

float ofHalf(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const float size = exponent == 0 ? ldexpf((float)fraction, -24) : exponent == 31 ? (fraction ? NAN : INFINITY) : ldexpf((float)(fraction + 1024), exponent - 25);
  return bits & 0x8000 ? -size : size;
}
uint16_t toHalf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  const uint16_t sign = bits >> 16 & 0x8000;
  if (value != value) return sign | 0x7e00;
  const float size = fabsf(value);
  if (size >= 65520.0f) return sign | 0x7c00;
  if (size < 6.103515625e-05f) return sign | (uint16_t)nearbyintf(ldexpf(size, 24));
  int exponent;
  const float fraction = frexpf(size, &exponent);  // in [0.5, 1): rounding may carry into the exponent, which is right
  return sign | (uint16_t)(((exponent + 14) << 10) + (int)nearbyintf(ldexpf(fraction, 11)) - 1024);
}
double load(const void *p, int64_t type, int64_t i) {
  if (type == R64F) return ((const double *)p)[i];
  if (type == R32F) return ((const float *)p)[i];
  const uint16_t bits = ((const uint16_t *)p)[i];
  if (type == R16F) return ofHalf(bits);
  const uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, 4);
  return value;
}
void store(void *p, int64_t type, int64_t i, double value) {
  if (type == R64F) { ((double *)p)[i] = value; return; }
  if (type == R32F) { ((float *)p)[i] = (float)value; return; }
  if (type == R16F) { ((uint16_t *)p)[i] = toHalf((float)value); return; }
  const float single = (float)value;
  uint32_t bits;
  memcpy(&bits, &single, 4);
  ((uint16_t *)p)[i] = single != single ? 0x7fc0 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

// The formula by tanh, as cuBLASLt has it.
double gelu(double x) { return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))); }
double slopeOfGelu(double x) {
  const double inner = 0.7978845608028654, t = tanh(inner * (x + 0.044715 * x * x * x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner * (1 + 3 * 0.044715 * x * x);
}

int64_t rowsOf(const Attributes &layout, bool isTransposed) { return layout.get(isTransposed ? COLUMNS : ROWS); }
int64_t columnsOf(const Attributes &layout, bool isTransposed) { return layout.get(isTransposed ? ROWS : COLUMNS); }

// What is wrong with the descriptors, as a status.
int check(const Attributes &product, const Attributes &a, const Attributes &b, const Attributes &c, const Attributes &d) {
  for (const Attributes *layout : {&a, &b, &c, &d}) {
    if (!isKnown(layout->get(TYPE)) || layout->get(ORDER) != 0 || layout->get(LEAD) < layout->get(ROWS)) return INVALID_VALUE;
    if (layout->get(BATCH, 1) != d.get(BATCH, 1)) return INVALID_VALUE;
  }
  const bool ta = product.get(TRANSPOSE_A), tb = product.get(TRANSPOSE_B);
  if (rowsOf(a, ta) != d.get(ROWS) || columnsOf(b, tb) != d.get(COLUMNS) || columnsOf(a, ta) != rowsOf(b, tb)) return INVALID_VALUE;
  if (c.get(ROWS) != d.get(ROWS) || c.get(COLUMNS) != d.get(COLUMNS)) return INVALID_VALUE;
  const bool isDouble = a.get(TYPE) == R64F;
  if (a.get(TYPE) != b.get(TYPE) || c.get(TYPE) != d.get(TYPE) || isDouble != (d.get(TYPE) == R64F)) return NOT_SUPPORTED;
  if (isDouble ? product.get(COMPUTE) != 70 || product.get(SCALE) != R64F : product.get(SCALE) != R32F || (product.get(COMPUTE) != 68 && product.get(COMPUTE) != 77)) return NOT_SUPPORTED;
  // As an H200 has it: of the epilogues, products of doubles have the bias.
  if (isDouble && product.get(EPILOGUE, 1) != 1 && product.get(EPILOGUE, 1) != HAS_BIAS) return NOT_SUPPORTED;
  // Products of f32 give f32; what is narrower gives itself or f32.
  if (a.get(TYPE) == R32F && d.get(TYPE) != R32F) return NOT_SUPPORTED;
  if (widthOf(a.get(TYPE)) == 2 && d.get(TYPE) != a.get(TYPE) && d.get(TYPE) != R32F) return NOT_SUPPORTED;
  if ((product.get(EPILOGUE, 1) & HAS_BIAS) && product.get(BIAS_TYPE, d.get(TYPE)) != d.get(TYPE)) return NOT_SUPPORTED;
  return SUCCESS;
}
bool isInside(const void *p, const Attributes &layout) {
  const int64_t last = (layout.get(BATCH, 1) - 1) * layout.get(STRIDE) + (layout.get(COLUMNS) - 1) * layout.get(LEAD) + layout.get(ROWS);
  return driver()->isInside((uint64_t)p, last * widthOf(layout.get(TYPE)));
}

void finish(const Job &job, std::vector<double> &column, int64_t batch, int64_t j, std::vector<double> &gradient) {
  const Attributes &o = job.product, &d = job.d;
  const int64_t epilogue = o.get(EPILOGUE, 1), place = batch * o.get(AUX_STRIDE);
  void *aux = (void *)o.get(AUX);
  for (int64_t i = 0; i < (int64_t)column.size(); i++) {
    double v = job.alpha * column[i];
    if (job.beta != 0) v += job.beta * load(job.C, job.c.get(TYPE), batch * job.c.get(STRIDE) + i + j * job.c.get(LEAD));
    if (epilogue & HAS_BIAS) v += load((const void *)o.get(BIAS), o.get(BIAS_TYPE, d.get(TYPE)), batch * o.get(BIAS_STRIDE) + i);
    // relu keeps one bit an element; gelu keeps what it was given.
    const int64_t bit = place + j * o.get(AUX_LEAD) + i;
    uint8_t *bits = (uint8_t *)aux + bit / 8;
    if (epilogue & DRELU) v = *bits >> bit % 8 & 1 ? v : 0;
    if (epilogue & DGELU) v *= slopeOfGelu(load(aux, d.get(TYPE), bit));
    if ((epilogue & GELU) && (epilogue & HAS_AUX)) store(aux, d.get(TYPE), bit, v);
    if ((epilogue & RELU) && (epilogue & HAS_AUX)) *bits = (uint8_t)((*bits & ~(1 << bit % 8)) | (v > 0) << bit % 8);
    if ((epilogue & RELU) && v < 0) v = 0;
    if (epilogue & GELU) v = gelu(v);
    if (epilogue & GRADIENT_OF_BIAS) gradient[i] += v;
    store(job.D, d.get(TYPE), batch * d.get(STRIDE) + i + j * d.get(LEAD), v);
  }
}
std::vector<double> gather(const void *p, const Attributes &layout, bool isTransposed, int64_t batch) {
  const int64_t rows = rowsOf(layout, isTransposed), columns = columnsOf(layout, isTransposed), lead = layout.get(LEAD);
  std::vector<double> all(rows * columns);
  for (int64_t j = 0; j < columns; j++) for (int64_t i = 0; i < rows; i++) all[i + j * rows] = load(p, layout.get(TYPE), batch * layout.get(STRIDE) + (isTransposed ? j + i * lead : i + j * lead));
  return all;
}
int run(void *context) {
  const Job &job = *(const Job *)context;
  const Attributes &o = job.product, &d = job.d;
  const bool ta = o.get(TRANSPOSE_A), tb = o.get(TRANSPOSE_B);
  const int64_t rows = d.get(ROWS), columns = d.get(COLUMNS), depth = columnsOf(job.a, ta), epilogue = o.get(EPILOGUE, 1);
  if (!isInside(job.A, job.a) || !isInside(job.B, job.b) || !isInside(job.D, d) || (job.beta != 0 && !isInside(job.C, job.c))) return ILLEGAL_ADDRESS;
  if ((epilogue & HAS_BIAS) && !driver()->isInside(o.get(BIAS), rows * widthOf(o.get(BIAS_TYPE, d.get(TYPE))))) return ILLEGAL_ADDRESS;
  std::vector<double> gradient(rows);
  for (int64_t batch = 0; batch < d.get(BATCH, 1); batch++) {
    const std::vector<double> a = gather(job.A, job.a, ta, batch), b = gather(job.B, job.b, tb, batch);
    for (int64_t j = 0; j < columns; j++) {
      std::vector<double> column(rows);
      for (int64_t k = 0; k < depth; k++) for (int64_t i = 0; i < rows; i++) column[i] += a[i + k * rows] * b[k + j * depth];
      finish(job, column, batch, j, gradient);
    }
    // What the operands give as the gradient of a bias.
    void *sums = (void *)o.get(BIAS);
    const int64_t type = o.get(BIAS_TYPE, d.get(TYPE));
    if (epilogue & BGRAD_A) for (int64_t i = 0; i < rows; i++) { double s = 0; for (int64_t k = 0; k < depth; k++) s += a[i + k * rows]; store(sums, type, i, s); }
    if (epilogue & BGRAD_B) for (int64_t j = 0; j < columns; j++) { double s = 0; for (int64_t k = 0; k < depth; k++) s += b[k + j * depth]; store(sums, type, j, s); }
  }
  if (epilogue & GRADIENT_OF_BIAS) for (int64_t i = 0; i < rows; i++) store((void *)o.get(BIAS), o.get(BIAS_TYPE, d.get(TYPE)), i, gradient[i]);
  return SUCCESS;
}
int set(void *attributes, int key, const void *value, size_t bytes) {
  int64_t number = 0;
  if (bytes != 4 && bytes != 8) return INVALID_VALUE;
  memcpy(&number, value, bytes);
  if (bytes == 4) number = (int32_t)number;
  ((Attributes *)attributes)->values[key] = number;
  return SUCCESS;
}
int destroy(void *attributes) { delete (Attributes *)attributes; return SUCCESS; }
}  // namespace

extern "C" __attribute__((visibility("default"))) size_t cublasLtGetVersion() { return 130000; }
API cublasLtCreate(void **handle) { if (!driver()) return NOT_INITIALIZED; *handle = new Attributes; return SUCCESS; }
API cublasLtDestroy(void *handle) { return destroy(handle); }
API cublasLtMatmulDescCreate(void **product, int compute, int scale) { *product = new Attributes{{{COMPUTE, compute}, {SCALE, scale}, {EPILOGUE, 1}}}; return SUCCESS; }
API cublasLtMatmulDescDestroy(void *product) { return destroy(product); }
API cublasLtMatmulDescSetAttribute(void *product, int key, const void *value, size_t bytes) { return set(product, key, value, bytes); }
API cublasLtMatrixLayoutCreate(void **layout, int type, uint64_t rows, uint64_t columns, int64_t lead) {
  *layout = new Attributes{{{TYPE, type}, {ROWS, (int64_t)rows}, {COLUMNS, (int64_t)columns}, {LEAD, lead}, {BATCH, 1}}};
  return SUCCESS;
}
API cublasLtMatrixLayoutDestroy(void *layout) { return destroy(layout); }
API cublasLtMatrixLayoutSetAttribute(void *layout, int key, const void *value, size_t bytes) { return set(layout, key, value, bytes); }
API cublasLtMatmulPreferenceCreate(void **preference) { *preference = new Attributes; return SUCCESS; }
API cublasLtMatmulPreferenceDestroy(void *preference) { return destroy(preference); }
API cublasLtMatmulPreferenceSetAttribute(void *preference, int key, const void *value, size_t bytes) { return set(preference, key, value, bytes); }
API cublasLtMatmulAlgoGetHeuristic(void *, void *product, void *a, void *b, void *c, void *d, void *, int wanted, void *results, int *found) {
  *found = 0;
  if (int status = check(*(Attributes *)product, *(Attributes *)a, *(Attributes *)b, *(Attributes *)c, *(Attributes *)d)) return status;
  memset(results, 0, 96 * wanted);
  *found = wanted > 0;
  return SUCCESS;
}
// Descriptors and factors are read now, matrices when the stream gets there.
API cublasLtMatmul(void *, void *product, const void *alpha, const void *A, void *a, const void *B, void *b, const void *beta, const void *C, void *c, void *D, void *d, const void *algorithm, void *, size_t, void *stream) {
  if (!algorithm) return INVALID_VALUE;
  if (int status = check(*(Attributes *)product, *(Attributes *)a, *(Attributes *)b, *(Attributes *)c, *(Attributes *)d)) return status;
  const bool isDouble = ((Attributes *)product)->get(SCALE) == R64F;
  const auto factor = [&](const void *p) { return isDouble ? *(const double *)p : (double)*(const float *)p; };
  // Kept for good: a graph may run it again.
  Job *job = new Job{*(Attributes *)product, *(Attributes *)a, *(Attributes *)b, *(Attributes *)c, *(Attributes *)d, factor(alpha), factor(beta), A, B, C, D};
  return driver()->put(stream, run, job) ? EXECUTION_FAILED : SUCCESS;
}
