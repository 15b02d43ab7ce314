/*
 * Sorting and sums by number.
 *
 * ct_positions     One thread for each place of a row writes its number, with which merging begins.
 * ct_merge_row     One thread places one element: sorted runs of `width` become runs of twice that, by binary search in
 *                  the other run. Stable: `order` holds positions, equal keys keep theirs.
 * ct_sort_row      A block sorts a row of up to 1024 keys. Launch: a block for each row, shared memory 8 bytes a key.
 * ct_scatter_few   Adds rows of `updates` to rows of `out` by number; one thread for an update and a column. Reads all
 *                  numbers for each: for few. The first update of a row adds all later ones to it, in order.
 * ct_scatter_sorted  The same where `order` sorts the numbers: runs of equal numbers are added in order.
 *
 * Sources: Cormen et al. 2009, "Introduction to Algorithms", problem 2-4 and section 27.3 (merging by rank).
 */

/* Whether key x has to stand before key y: less, or greater; what is not a number is the greatest. */
template <bool DESCENDING, class T> CT bool ct_is_before(T x, T y) {
  if (DESCENDING) return x != x ? y == y : x > y;
  return y != y ? x == x : x < y;
}

/* Where element `at` of `order` comes to stand when runs of `width` are merged. */
template <bool DESCENDING, class E>
CT int ct_merged_place(const typename E::memory* keys, const int* order, int length, int width, int at) {
  int start = at / (2 * width) * (2 * width), middle = start + width, end = middle + width;
  if (middle >= length) return at;
  if (end > length) end = length;
  typename E::value key = E::from(keys[order[at]]);
  bool isLeft = at < middle;
  int low = isLeft ? middle : start, high = isLeft ? end : middle, from = low;
  while (low < high) {
    int half = (low + high) / 2;
    typename E::value other = E::from(keys[order[half]]);
    bool isBefore = isLeft ? ct_is_before<DESCENDING>(other, key) : !ct_is_before<DESCENDING>(key, other);
    if (isBefore) low = half + 1;
    else high = half;
  }
  return isLeft ? at + (low - from) : at - middle + low;
}

template <bool DESCENDING, class E>
CT void ct_sort_row(const typename E::memory* keys, int* out, int length, int* shared) {
  const typename E::memory* row = keys + (long long)blockIdx.x * length;
  int* order = shared;
  int* next = shared + length;
  for (int i = threadIdx.x; i < length; i += blockDim.x) order[i] = i;
  __syncthreads();
  for (int width = 1; width < length; width *= 2) {
    for (int i = threadIdx.x; i < length; i += blockDim.x)
      next[ct_merged_place<DESCENDING, E>(row, order, length, width, i)] = order[i];
    __syncthreads();
    int* full = next;
    next = order;
    order = full;
  }
  for (int i = threadIdx.x; i < length; i += blockDim.x) out[(long long)blockIdx.x * length + i] = order[i];
}

CT void ct_positions(int* order, int length, long long total) {
  long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (i < total) order[i] = (int)(i % length);
}

template <bool DESCENDING, class E>
CT void ct_merge_row(const typename E::memory* keys, const int* order, int* out, int length, int width, long long total) {
  long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= total) return;
  long long start = i / length * length;
  int at = (int)(i - start);
  out[start + ct_merged_place<DESCENDING, E>(keys + start, order + start, length, width, at)] = order[start + at];
}

/* The row that a number names: numbers out of range name the nearest. */
template <class I> CT int ct_row_of(typename I::memory number, int rows) {
  typename I::value at = I::from(number);
  if (at < (typename I::value)0) return 0;
  return at >= (typename I::value)rows ? rows - 1 : (int)at;
}

template <class E, class I>
CT void ct_scatter_few(typename E::memory* out, const typename E::memory* updates, const typename I::memory* numbers,
                       int rows, int width, int count) {
  long long t = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (t >= (long long)count * width) return;
  int first = (int)(t / width), column = (int)(t % width);
  int row = ct_row_of<I>(numbers[first], rows);
  for (int i = 0; i < first; i++)
    if (ct_row_of<I>(numbers[i], rows) == row) return;
  typename E::value sum = E::from(out[(long long)row * width + column]);
  for (int i = first; i < count; i++)
    if (ct_row_of<I>(numbers[i], rows) == row) sum = ct_add_of::of(sum, E::from(updates[(long long)i * width + column]));
  out[(long long)row * width + column] = E::to(sum);
}

template <class E, class I>
CT void ct_scatter_sorted(typename E::memory* out, const typename E::memory* updates,
                          const typename I::memory* numbers, const int* order, int rows, int width, int count) {
  long long t = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (t >= (long long)count * width) return;
  int at = (int)(t / width), column = (int)(t % width);
  int row = ct_row_of<I>(numbers[order[at]], rows);
  if (at > 0 && ct_row_of<I>(numbers[order[at - 1]], rows) == row) return;
  typename E::value sum = E::from(out[(long long)row * width + column]);
  for (int i = at; i < count && ct_row_of<I>(numbers[order[i]], rows) == row; i++)
    sum = ct_add_of::of(sum, E::from(updates[(long long)order[i] * width + column]));
  out[(long long)row * width + column] = E::to(sum);
}
