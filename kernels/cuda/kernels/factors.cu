/*
 * Factorizations of matrices, in `double` whatever the element type, in the order of operations of the reference.
 * Launch: a block for each matrix, its threads the columns (rows for Cholesky); triangular systems take a thread for
 * each column of each right-hand side. Scratch: `double`s for each matrix as stated with each block.
 *
 * ct_cholesky          n·n            Cholesky, column by column
 * ct_triangular_solve  n·m            substitution; reads `a` in place
 * ct_lu                n·n            Gaussian elimination with partial pivoting
 * ct_qr                2·m·n + 3·n    Householder reflections
 * ct_symmetric_eigen   2·n·n + 2·n    cyclic Jacobi rotations
 * ct_svd               3·m·n + n·n + 5·n   one-sided Jacobi rotations, then reflections
 *
 * Source: Golub and Van Loan 2013, "Matrix Computations", algorithms 3.4.1, 4.2.1, 5.2.1, 8.5.3 and section 8.6.3.
 */
#define CT_EACH(i, from, to) for (int i = (from) + (int)threadIdx.x; i < (to); i += (int)blockDim.x)
#define CT_EACH_CELL(i, j, rows, width)                                                                                \
  for (int at = (int)threadIdx.x, i, j; at < (rows) * (width) && (i = at / (width), j = at % (width), true);           \
       at += (int)blockDim.x)

CT double ct_sign(double x) { return x < 0.0 ? -1.0 : 1.0; }
/* 0, or what is not a number if x is none or infinite. */
CT double ct_poison(double x) { return 0.0 * x; }
CT double ct_sum_of_block(double x) { return ct_over_block<ct_add_of>(x); }

template <class E> CT void ct_read(const typename E::memory* from, double* to, int count) {
  CT_EACH(i, 0, count) to[i] = (double)E::from(from[i]);
  __syncthreads();
}
template <class E> CT typename E::memory ct_written(double x) { return E::to((typename E::value)x); }

template <class E> CT void ct_cholesky(const typename E::memory* a, typename E::memory* l, double* scratch, int n) {
  double* x = scratch + (long long)blockIdx.x * n * n;
  a += (long long)blockIdx.x * n * n;
  l += (long long)blockIdx.x * n * n;
  ct_read<E>(a, x, n * n);
  for (int j = 0; j < n; j++) {
    CT_EACH(i, j, n) {
      double rest = 0.5 * (x[i * n + j] + x[j * n + i]);
      for (int k = 0; k < j; k++) rest -= x[i * n + k] * x[j * n + k];
      /* The pivot stands above; all read the row of the pivot before. */
      x[i * n + j] = i == j ? (rest > 0.0 ? sqrt(rest) : (double)ct_nan()) : rest;
    }
    __syncthreads();
    CT_EACH(i, j + 1, n) x[i * n + j] /= x[j * n + j];
    __syncthreads();
  }
  double poison = ct_poison(x[n * n - 1]);
  CT_EACH_CELL(i, j, n, n) l[at] = ct_written<E>(i < j ? 0.0 : x[at] + poison);
}

template <class E, bool LOWER, bool TRANSPOSE, bool UNIT>
CT void ct_triangular_solve(const typename E::memory* a, const typename E::memory* b, typename E::memory* out,
                            double* scratch, int n, int width, int count) {
  long long t = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (t >= (long long)count * width) return;
  long long matrix = t / width;
  int j = (int)(t % width);
  a += matrix * n * n;
  long long base = matrix * n * width + j;
  double* x = scratch + base;
  for (int step = 0; step < n; step++) {
    int i = LOWER == TRANSPOSE ? n - 1 - step : step;
    double rest = (double)E::from(b[base + (long long)i * width]);
    for (int before = 0; before < step; before++) {
      int k = LOWER == TRANSPOSE ? n - 1 - before : before;
      rest -= (double)E::from(a[TRANSPOSE ? k * n + i : i * n + k]) * x[(long long)k * width];
    }
    if (!UNIT) rest /= (double)E::from(a[i * n + i]);
    x[(long long)i * width] = rest;
    out[base + (long long)i * width] = ct_written<E>(rest);
  }
}

template <class E>
CT void ct_lu(const typename E::memory* a, typename E::memory* factors, int* permutation, double* scratch, int n) {
  double* x = scratch + (long long)blockIdx.x * n * n;
  a += (long long)blockIdx.x * n * n;
  factors += (long long)blockIdx.x * n * n;
  permutation += (long long)blockIdx.x * n;
  ct_read<E>(a, x, n * n);
  CT_EACH(i, 0, n) permutation[i] = i;
  __syncthreads();
  for (int k = 0; k < n; k++) {
    int best = k;
    for (int i = k + 1; i < n; i++)
      if (fabs(x[i * n + k]) > fabs(x[best * n + k])) best = i;
    __syncthreads();
    if (best != k) {
      CT_EACH(j, 0, n) {
        double held = x[k * n + j];
        x[k * n + j] = x[best * n + j];
        x[best * n + j] = held;
      }
      if (threadIdx.x == 0) {
        int held = permutation[k];
        permutation[k] = permutation[best];
        permutation[best] = held;
      }
    }
    __syncthreads();
    double pivot = x[k * n + k];
    /* Under a pivot of 0 there are only zeros. */
    if (pivot != 0.0) {
      CT_EACH(i, k + 1, n) x[i * n + k] /= pivot;
      __syncthreads();
      CT_EACH_CELL(r, c, n - k - 1, n - k - 1) {
        int i = k + 1 + r, j = k + 1 + c;
        x[i * n + j] -= x[i * n + k] * x[k * n + j];
      }
    }
    __syncthreads();
  }
  CT_EACH(i, 0, n * n) factors[i] = ct_written<E>(x[i]);
}

/* Applies 1 − v vᵀ / scale to the columns of x from `from` on; v is column k of w from row k on. */
CT void ct_reflect(const double* w, double* x, int m, int n, int k, double scale, int from) {
  if (scale != 0.0) {
    CT_EACH(j, from, n) {
      double sum = 0.0;
      for (int i = k; i < m; i++) sum += w[i * n + k] * x[i * n + j];
      sum /= scale;
      for (int i = k; i < m; i++) x[i * n + j] -= w[i * n + k] * sum;
    }
  }
  __syncthreads();
}

/* Makes the columns of w triangular, and q the product of the reflections that did. */
CT void ct_reflections(double* w, double* q, double* heads, double* scales, int m, int n) {
  for (int k = 0; k < n; k++) {
    double squares = 0.0;
    CT_EACH(i, k, m) squares += w[i * n + k] * w[i * n + k];
    double norm = sqrt(ct_sum_of_block(squares)), head = w[k * n + k];
    double turned = head > 0.0 ? -norm : norm, scale = norm * (norm + fabs(head));
    __syncthreads();
    if (threadIdx.x == 0) {
      heads[k] = turned;
      scales[k] = scale;
      w[k * n + k] = head - turned;
    }
    __syncthreads();
    ct_reflect(w, w, m, n, k, scale, k + 1);
  }
  CT_EACH_CELL(i, j, m, n) q[at] = i == j ? 1.0 : 0.0;
  __syncthreads();
  for (int k = n - 1; k >= 0; k--) ct_reflect(w, q, m, n, k, scales[k], k);
}

template <class E>
CT void ct_qr(const typename E::memory* a, typename E::memory* q, typename E::memory* r, double* scratch, int m, int n) {
  double* w = scratch + (long long)blockIdx.x * (2 * m * n + 3 * n);
  double *full = w + m * n, *heads = full + m * n, *scales = heads + n;
  a += (long long)blockIdx.x * m * n;
  q += (long long)blockIdx.x * m * n;
  r += (long long)blockIdx.x * n * n;
  ct_read<E>(a, w, m * n);
  ct_reflections(w, full, heads, scales, m, n);
  CT_EACH_CELL(i, j, m, n) q[at] = ct_written<E>(full[at] * ct_sign(heads[j]));
  CT_EACH_CELL(i, j, n, n) r[at] = ct_written<E>(i > j ? 0.0 : (i == j ? heads[i] : w[at]) * ct_sign(heads[i]));
}

struct ct_rotation {
  double cosine, sine;
};
/* The rotation that makes the element `between` two others zero, by their difference. */
CT ct_rotation ct_rotation_of(double difference, double between) {
  double ratio = difference / (2.0 * between);
  double size = 1.0 / (fabs(ratio) + sqrt(ratio * ratio + 1.0));
  double tangent = ratio < 0.0 ? -size : size;
  double cosine = 1.0 / sqrt(tangent * tangent + 1.0);
  ct_rotation rotation = {cosine, tangent * cosine};
  return rotation;
}
/* Rotates `count` pairs of elements that lie `step` apart. */
CT void ct_rotate(double* p, double* q, ct_rotation by, int count, int step) {
  CT_EACH(k, 0, count) {
    double left = p[k * step], right = q[k * step];
    p[k * step] = by.cosine * left - by.sine * right;
    q[k * step] = by.sine * left + by.cosine * right;
  }
  __syncthreads();
}

CT void ct_swap_rows(double* x, int i, int j, int width) {
  CT_EACH(k, 0, width) {
    double held = x[i * width + k];
    x[i * width + k] = x[j * width + k];
    x[j * width + k] = held;
  }
}
/* Puts a vector in order, ascending or descending, and rows of two matrices with it. */
CT void ct_order(double* values, int n, double direction, double* x, int width, double* y) {
  for (int i = 0; i < n; i++) {
    int best = i;
    for (int j = i + 1; j < n; j++)
      if (direction * values[j] < direction * values[best]) best = j;
    __syncthreads();
    if (best != i) {
      ct_swap_rows(values, i, best, 1);
      ct_swap_rows(x, i, best, width);
      if (y) ct_swap_rows(y, i, best, n);
    }
    __syncthreads();
  }
}
/* The sign of the first entry of each row of v that is not small. */
CT void ct_signs(const double* v, double* signs, int n) {
  CT_EACH(i, 0, n) {
    double largest = 0.0, sign = 1.0;
    for (int j = 0; j < n; j++) largest = fabs(v[i * n + j]) > largest ? fabs(v[i * n + j]) : largest;
    for (int j = n - 1; j >= 0; j--)
      if (fabs(v[i * n + j]) > 0.3 * largest) sign = ct_sign(v[i * n + j]);
    signs[i] = sign;
  }
  __syncthreads();
}

template <class E>
CT void ct_symmetric_eigen(const typename E::memory* a, typename E::memory* out, typename E::memory* vectors,
                           double* scratch, int n) {
  double* x = scratch + (long long)blockIdx.x * (2 * n * n + 2 * n);
  double *v = x + n * n, *values = v + n * n, *signs = values + n;
  a += (long long)blockIdx.x * n * n;
  out += (long long)blockIdx.x * n;
  vectors += (long long)blockIdx.x * n * n;
  double squares = 0.0;
  CT_EACH_CELL(i, j, n, n) {
    double mean = 0.5 * ((double)E::from(a[i * n + j]) + (double)E::from(a[j * n + i]));
    x[at] = mean;
    v[at] = i == j ? 1.0 : 0.0;
    squares += mean * mean;
  }
  double norm = sqrt(ct_sum_of_block(squares));
  __syncthreads();
  bool isSettled = false;
  for (int pass = 0; pass < 60 && !isSettled; pass++) {
    isSettled = true;
    for (int p = 0; p < n; p++)
      for (int q = p + 1; q < n; q++) {
        double between = x[p * n + q];
        if (!(fabs(between) > 8.673617379884035e-19 * norm)) continue;
        ct_rotation rotation = ct_rotation_of(x[q * n + q] - x[p * n + p], between);
        __syncthreads();
        ct_rotate(x + p * n, x + q * n, rotation, n, 1);
        ct_rotate(x + p, x + q, rotation, n, n);
        if (threadIdx.x == 0) x[p * n + q] = x[q * n + p] = 0.0;
        ct_rotate(v + p * n, v + q * n, rotation, n, 1);
        isSettled = false;
      }
  }
  CT_EACH(i, 0, n) values[i] = x[i * n + i];
  __syncthreads();
  ct_order(values, n, 1.0, v, n, 0);
  ct_signs(v, signs, n);
  double poison = ct_poison(norm);
  CT_EACH(j, 0, n) out[j] = ct_written<E>(values[j] + poison);
  CT_EACH_CELL(i, j, n, n) vectors[at] = ct_written<E>(v[j * n + i] * signs[j] + poison);
}

template <class E>
CT void ct_svd(const typename E::memory* a, typename E::memory* u, typename E::memory* values,
               typename E::memory* vectors, double* scratch, int m, int n) {
  double* w = scratch + (long long)blockIdx.x * (3 * m * n + n * n + 5 * n);
  double *full = w + m * n, *heads = full + m * n, *scales = heads + n;
  double *columns = scales + n, *v = columns + m * n, *s = v + n * n, *signs = s + n;
  a += (long long)blockIdx.x * m * n;
  u += (long long)blockIdx.x * m * n;
  values += (long long)blockIdx.x * n;
  vectors += (long long)blockIdx.x * n * n;
  CT_EACH_CELL(i, j, m, n) columns[j * m + i] = (double)E::from(a[at]);
  CT_EACH_CELL(i, j, n, n) v[at] = i == j ? 1.0 : 0.0;
  __syncthreads();
  bool isSettled = false;
  for (int pass = 0; pass < 60 && !isSettled; pass++) {
    isSettled = true;
    for (int p = 0; p < n; p++)
      for (int q = p + 1; q < n; q++) {
        double *x = columns + p * m, *y = columns + q * m, left = 0.0, right = 0.0, between = 0.0;
        CT_EACH(k, 0, m) {
          left += x[k] * x[k];
          right += y[k] * y[k];
          between += x[k] * y[k];
        }
        left = ct_sum_of_block(left);
        right = ct_sum_of_block(right);
        between = ct_sum_of_block(between);
        if (!(fabs(between) > m * 2.220446049250313e-16 * sqrt(left * right))) continue;
        ct_rotation rotation = ct_rotation_of(right - left, between);
        ct_rotate(x, y, rotation, m, 1);
        ct_rotate(v + p * n, v + q * n, rotation, n, 1);
        isSettled = false;
      }
  }
  CT_EACH(i, 0, n) {
    double squares = 0.0;
    for (int k = 0; k < m; k++) squares += columns[i * m + k] * columns[i * m + k];
    s[i] = sqrt(squares);
  }
  __syncthreads();
  double total = 0.0;
  for (int i = 0; i < n; i++) total += s[i];
  double poison = ct_poison(total);
  __syncthreads();
  ct_order(s, n, -1.0, columns, m, v);
  ct_signs(v, signs, n);
  CT_EACH_CELL(i, j, m, n) w[at] = columns[j * m + i];
  __syncthreads();
  ct_reflections(w, full, heads, scales, m, n);
  CT_EACH_CELL(i, j, m, n) u[at] = ct_written<E>(full[at] * ct_sign(heads[j]) * signs[j] + poison);
  CT_EACH(j, 0, n) values[j] = ct_written<E>(s[j] + poison);
  CT_EACH_CELL(i, j, n, n) vectors[at] = ct_written<E>(v[j * n + i] * signs[j] + poison);
}
