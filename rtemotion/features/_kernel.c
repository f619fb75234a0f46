/* Running sums over pairs of channels and measures made of them, in one pass over memory.
 *
 * Does what sums.py, measures.py and bands.py do with NumPy, in the same order and with the
 * same rounding, so that both give the same numbers to the bit: nothing may be contracted
 * or reassociated.
 *
 * A segment is an array (2, n_channels + n_shifts, n_bins), imaginary parts before real
 * ones, the channels written on round the circle; a sum is an array (n_shifts, n_channels *
 * n_bins). See pairs.py for the layout.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Goes up when what is called from Python changes: an older build is then left aside. */
#define VERSION 5

/* Elements of a strip: a few of these lie in a core's first cache. */
#define STRIP 256

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

enum { RE, IM, ABS_IM, IM_SQUARED, SIGN, N_SUMS };
enum { TOTAL, EARLY, LATE, N_LAGGED };

typedef struct {
    Py_ssize_t n_shifts, width, n_bins, rows;
    Py_ssize_t first, last; /* shifts to change, half-open */
} Layout;

/* Im and, where wanted, Re of the products of one strip of pairs. */
WIDE static void
products(const double *segment, const Layout *at, Py_ssize_t shift, Py_ssize_t start,
         Py_ssize_t n, double *restrict im, double *restrict re)
{
    const Py_ssize_t half = at->rows * at->n_bins;
    const double *restrict i1 = segment + start, *restrict r1 = i1 + half;
    const double *restrict i2 = i1 + (shift + 1) * at->n_bins, *restrict r2 = i2 + half;
    for (Py_ssize_t k = 0; k < n; k++)
        im[k] = i1[k] * r2[k] - r1[k] * i2[k];
    if (re)
        for (Py_ssize_t k = 0; k < n; k++)
            re[k] = i1[k] * i2[k] + r1[k] * r2[k];
}

WIDE static void
add(double *const sums[N_SUMS], Py_ssize_t at, Py_ssize_t n, const double *restrict im,
    const double *restrict re, double sign)
{
    double *restrict out;
    if ((out = sums[RE]))
        for (Py_ssize_t k = 0; k < n; k++) out[at + k] += sign * re[k];
    if ((out = sums[IM]))
        for (Py_ssize_t k = 0; k < n; k++) out[at + k] += sign * im[k];
    if ((out = sums[ABS_IM]))
        for (Py_ssize_t k = 0; k < n; k++) out[at + k] += sign * fabs(im[k]);
    if ((out = sums[IM_SQUARED]))
        for (Py_ssize_t k = 0; k < n; k++) out[at + k] += sign * (im[k] * im[k]);
    if ((out = sums[SIGN]))
        for (Py_ssize_t k = 0; k < n; k++)
            out[at + k] += sign * ((im[k] > 0.0) - (im[k] < 0.0));
}

/* x of the segment that enters, once `early` knows the one a lag before it. */
WIDE static void
enter_lagged(double *const sums[N_LAGGED], Py_ssize_t at, Py_ssize_t n,
             const double *restrict newest)
{
    double *restrict total = sums[TOTAL] + at;
    const double *restrict early = sums[EARLY] + at;
    for (Py_ssize_t k = 0; k < n; k++) total[k] += newest[k] * early[k];
}

/* x of the segment that entered last, of the one that leaves and the one a lag after it,
 * and of the one a lag before the next. */
WIDE static void
turn_lagged(double *const sums[N_LAGGED], Py_ssize_t at, Py_ssize_t n,
            const double *restrict newest, const double *restrict gone,
            const double *restrict after, const double *restrict before)
{
    double *restrict total = sums[TOTAL] + at;
    double *restrict early = sums[EARLY] + at, *restrict late = sums[LATE] + at;
    if (newest)
        for (Py_ssize_t k = 0; k < n; k++) late[k] += newest[k];
    if (after)
        for (Py_ssize_t k = 0; k < n; k++) {
            total[k] -= gone[k] * late[k];
            late[k] -= after[k];
            early[k] -= gone[k];
        }
    if (before)
        for (Py_ssize_t k = 0; k < n; k++) early[k] += before[k];
}

WIDE static void
magnitude(double *x, Py_ssize_t n)
{
    for (Py_ssize_t k = 0; k < n; k++) x[k] = fabs(x[k]);
}

/* A segment enters the sums; the lagged ones only where there is one a lag before it. */
static void
run_enter(const Layout *at, const double *newest, int apart, double *const sums[N_SUMS],
          double *const lagged[2 * N_LAGGED])
{
    double im[STRIP], re[STRIP];
    double *wanted = sums[RE] ? re : NULL;
    for (Py_ssize_t shift = at->first; shift < at->last; shift++)
        for (Py_ssize_t start = 0; start < at->width; start += STRIP) {
            Py_ssize_t n = at->width - start < STRIP ? at->width - start : STRIP;
            Py_ssize_t where = shift * at->width + start;
            products(newest, at, shift, start, n, im, wanted);
            add(sums, where, n, im, re, 1.0);
            if (apart && lagged[TOTAL]) enter_lagged(lagged, where, n, im);
            if (!apart || !lagged[N_LAGGED + TOTAL]) continue;
            magnitude(im, n);
            enter_lagged(lagged + N_LAGGED, where, n, im);
        }
}

enum { NEWEST, GONE, AFTER, BEFORE, N_TURNED };

/* Bring the sums to where the next segment only has to enter. */
static void
run_turn(const Layout *at, const double *const segments[N_TURNED], double *const sums[N_SUMS],
         double *const lagged[2 * N_LAGGED])
{
    double im[N_TURNED][STRIP], re[STRIP];
    const double *x[N_TURNED];
    const int any = lagged[TOTAL] || lagged[N_LAGGED + TOTAL];
    for (Py_ssize_t shift = at->first; shift < at->last; shift++)
        for (Py_ssize_t start = 0; start < at->width; start += STRIP) {
            Py_ssize_t n = at->width - start < STRIP ? at->width - start : STRIP;
            Py_ssize_t where = shift * at->width + start;
            for (int s = 0; s < N_TURNED; s++) {
                x[s] = segments[s] && (any || s == GONE) ? im[s] : NULL;
                if (x[s])
                    products(segments[s], at, shift, start, n, im[s],
                             s == GONE && sums[RE] ? re : NULL);
            }
            if (x[GONE]) add(sums, where, n, im[GONE], re, -1.0);
            if (lagged[TOTAL])
                turn_lagged(lagged, where, n, x[NEWEST], x[GONE], x[AFTER], x[BEFORE]);
            if (!lagged[N_LAGGED + TOTAL]) continue;
            for (int s = 0; s < N_TURNED; s++)
                if (x[s]) magnitude(im[s], n);
            turn_lagged(lagged + N_LAGGED, where, n, x[NEWEST], x[GONE], x[AFTER], x[BEFORE]);
        }
}

/* Views of arrays of doubles, let go of together. */
typedef struct {
    Py_buffer views[20];
    int n;
} Views;

static int
data(Views *held, PyObject *array, int writable, Py_ssize_t size, double **out)
{
    *out = NULL;
    if (array == Py_None) return 1;
    Py_buffer *view = &held->views[held->n];
    int flags = PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(array, view, flags) < 0) return 0;
    held->n++;
    if (view->len != size * (Py_ssize_t)sizeof(double) ||
        view->itemsize % (Py_ssize_t)sizeof(double)) {
        PyErr_Format(PyExc_ValueError, "expected %zd doubles, got %zd bytes of items of %zd",
                     size, view->len, view->itemsize);
        return 0;
    }
    *out = view->buf;
    return 1;
}

static int
is_there(const double *array)
{
    if (!array) PyErr_SetString(PyExc_ValueError, "an array that is needed is missing");
    return array != NULL;
}

static PyObject *
release(Views *held, int done)
{
    while (held->n) PyBuffer_Release(&held->views[--held->n]);
    if (!done) return NULL;
    Py_RETURN_NONE;
}

/* Far beyond any headset, and far below where products of sizes overflow. */
#define MOST (1 << 20)

static int
layout_of(Py_ssize_t n_channels, Py_ssize_t n_bins, Layout *at)
{
    if (n_channels < 0 || n_channels > MOST || n_bins < 1 || n_bins > MOST) {
        PyErr_SetString(PyExc_ValueError, "no such number of channels or bins");
        return 0;
    }
    at->n_shifts = n_channels / 2;
    at->width = n_channels * n_bins;
    at->n_bins = n_bins;
    at->rows = n_channels + at->n_shifts;
    at->first = 0;
    at->last = at->n_shifts;
    return 1;
}

/* The sums that Python gives, each of them or None. */
static int
sums_of(Views *held, const Layout *at, PyObject *const arrays[N_SUMS + 2 * N_LAGGED],
        double *sums[N_SUMS + 2 * N_LAGGED])
{
    for (int s = 0; s < N_SUMS + 2 * N_LAGGED; s++)
        if (!data(held, arrays[s], 1, at->n_shifts * at->width, &sums[s])) return 0;
    for (int s = N_SUMS; s < N_SUMS + 2 * N_LAGGED; s += N_LAGGED)
        if (sums[s] && (!is_there(sums[s + EARLY]) || !is_there(sums[s + LATE]))) return 0;
    return 1;
}

static PyObject *
enter(PyObject *module, PyObject *args)
{
    Py_ssize_t n_channels, n_bins;
    int apart;
    PyObject *segment, *arrays[N_SUMS + 2 * N_LAGGED];
    if (!PyArg_ParseTuple(args, "nnOpOOOOOOOOOOO", &n_channels, &n_bins, &segment, &apart,
                          &arrays[0], &arrays[1], &arrays[2], &arrays[3], &arrays[4],
                          &arrays[5], &arrays[6], &arrays[7], &arrays[8], &arrays[9],
                          &arrays[10]))
        return NULL;
    Layout at;
    if (!layout_of(n_channels, n_bins, &at)) return NULL;
    Views held = {.n = 0};
    double *newest, *sums[N_SUMS + 2 * N_LAGGED];
    int done = data(&held, segment, 0, 2 * at.rows * n_bins, &newest) && is_there(newest) &&
               sums_of(&held, &at, arrays, sums);
    if (done) run_enter(&at, newest, apart, sums, sums + N_SUMS);
    return release(&held, done);
}

static int
shifts_fit(const Layout *at, Py_ssize_t first, Py_ssize_t last)
{
    if (first >= 0 && first <= last && last <= at->n_shifts) return 1;
    PyErr_SetString(PyExc_ValueError, "no such shift or lag");
    return 0;
}

static PyObject *
turn(PyObject *module, PyObject *args)
{
    Py_ssize_t n_channels, n_bins, first, last;
    PyObject *segments[N_TURNED], *arrays[N_SUMS + 2 * N_LAGGED];
    if (!PyArg_ParseTuple(args, "nnnnOOOOOOOOOOOOOOO", &n_channels, &n_bins, &first, &last,
                          &segments[0], &segments[1], &segments[2], &segments[3], &arrays[0],
                          &arrays[1], &arrays[2], &arrays[3], &arrays[4], &arrays[5],
                          &arrays[6], &arrays[7], &arrays[8], &arrays[9], &arrays[10]))
        return NULL;
    Layout at;
    if (!layout_of(n_channels, n_bins, &at) || !shifts_fit(&at, first, last)) return NULL;
    Views held = {.n = 0};
    double *from[N_TURNED], *sums[N_SUMS + 2 * N_LAGGED];
    int done = 1;
    for (int s = 0; s < N_TURNED && done; s++)
        done = data(&held, segments[s], 0, 2 * at.rows * n_bins, &from[s]);
    done = done && (!from[AFTER] || is_there(from[GONE])) && sums_of(&held, &at, arrays, sums);
    if (done) {
        const double *const known[N_TURNED] = {from[0], from[1], from[2], from[3]};
        at.first = first;
        at.last = last;
        run_turn(&at, known, sums, sums + N_SUMS);
    }
    return release(&held, done);
}

/* One row of pairs from all segments of the window, in the order in which they came. */
static void
run_anew(const Layout *at, const double *spectra, const int64_t *slots, Py_ssize_t n_slots,
         Py_ssize_t lag, double *const sums[N_SUMS], double *const lagged[2 * N_LAGGED])
{
    const Py_ssize_t size = 2 * at->rows * at->n_bins, where = at->first * at->width;
    for (int s = 0; s < N_SUMS; s++)
        if (sums[s]) memset(sums[s] + where, 0, at->width * sizeof(double));
    for (int s = 0; s < 2 * N_LAGGED; s++)
        if (lagged[s]) memset(lagged[s] + where, 0, at->width * sizeof(double));
    for (Py_ssize_t k = 0; k < n_slots; k++) {
        const double *newest = spectra + slots[k] * size;
        const double *before = k >= lag ? spectra + slots[k - lag] * size : NULL;
        const double *const first[N_TURNED] = {[BEFORE] = before};
        const double *const then[N_TURNED] = {[NEWEST] = before ? newest : NULL};
        run_turn(at, first, sums, lagged);
        run_enter(at, newest, before != NULL, sums, lagged);
        run_turn(at, then, sums, lagged);
    }
}

static int
slots_fit(const Py_buffer *slots, const Py_buffer *spectra, Py_ssize_t size)
{
    const int64_t *slot = slots->buf;
    for (Py_ssize_t k = 0; k < slots->len / (Py_ssize_t)sizeof(int64_t); k++)
        if (slot[k] < 0 || slot[k] >= spectra->len / (size * (Py_ssize_t)sizeof(double))) {
            PyErr_SetString(PyExc_ValueError, "no such slot");
            return 0;
        }
    return 1;
}

static PyObject *
count_anew(PyObject *module, PyObject *args)
{
    Py_ssize_t n_channels, n_bins, shift, lag;
    Py_buffer spectra, slots;
    PyObject *arrays[N_SUMS + 2 * N_LAGGED];
    if (!PyArg_ParseTuple(args, "nnnny*y*OOOOOOOOOOO", &n_channels, &n_bins, &shift, &lag,
                          &spectra, &slots, &arrays[0], &arrays[1], &arrays[2], &arrays[3],
                          &arrays[4], &arrays[5], &arrays[6], &arrays[7], &arrays[8],
                          &arrays[9], &arrays[10]))
        return NULL;
    Layout at;
    Views held = {.n = 0};
    double *sums[N_SUMS + 2 * N_LAGGED];
    int done = layout_of(n_channels, n_bins, &at);
    done = done && shifts_fit(&at, shift, shift + 1);
    if (done && lag < 1) {
        PyErr_SetString(PyExc_ValueError, "no such shift or lag");
        done = 0;
    }
    done = done && slots_fit(&slots, &spectra, 2 * at.rows * n_bins);
    done = done && sums_of(&held, &at, arrays, sums);
    if (done) {
        at.first = shift;
        at.last = shift + 1;
        run_anew(&at, spectra.buf, slots.buf, slots.len / (Py_ssize_t)sizeof(int64_t), lag,
                 sums, sums + N_SUMS);
    }
    PyBuffer_Release(&spectra);
    PyBuffer_Release(&slots);
    return release(&held, done);
}

/* The paired bins of a spectrum (real and imaginary parts in turn) round the circle. */
static void
lay_out(const double *spectrum, Py_ssize_t n_channels, Py_ssize_t n_bins, Py_ssize_t start,
        Py_ssize_t n_paired, double *row)
{
    const Py_ssize_t n_shifts = n_channels / 2, half = (n_channels + n_shifts) * n_paired;
    for (Py_ssize_t channel = 0; channel < n_channels + n_shifts; channel++) {
        const double *from = spectrum + 2 * ((channel % n_channels) * n_bins + start);
        double *restrict im = row + channel * n_paired, *restrict re = im + half;
        for (Py_ssize_t k = 0; k < n_paired; k++) {
            re[k] = from[2 * k];
            im[k] = from[2 * k + 1];
        }
    }
}

/* Power of a segment in, that of the one that leaves out; whether that dominated. */
WIDE static int
take_power(Py_ssize_t n, const double *restrict spectrum, const double *restrict gone,
           double factor, double *restrict powers, double *restrict power)
{
    int dominated = 0;
    if (gone) {
        const double more = 1.0 + 1.0 / factor;
        for (Py_ssize_t k = 0; k < n; k++) dominated |= gone[k] * more > power[k];
        for (Py_ssize_t k = 0; k < n; k++) power[k] -= gone[k];
    }
    for (Py_ssize_t k = 0; k < n; k++) {
        const double re = spectrum[2 * k], im = spectrum[2 * k + 1];
        powers[k] = re * re + im * im;
        power[k] += powers[k];
    }
    return dominated;
}

static PyObject *
take_in(PyObject *module, PyObject *args)
{
    Py_ssize_t n_channels, n_bins, start, stop;
    double factor, *in[2], *out[3];
    PyObject *spectrum, *gone, *arrays[3];
    if (!PyArg_ParseTuple(args, "nnnndOOOOO", &n_channels, &n_bins, &start, &stop, &factor,
                          &spectrum, &gone, &arrays[0], &arrays[1], &arrays[2]))
        return NULL;
    Layout at;
    if (!layout_of(n_channels, n_bins, &at)) return NULL;
    if (start < 0 || start > stop || stop > n_bins) {
        PyErr_SetString(PyExc_ValueError, "no such bins");
        return NULL;
    }
    Views held = {.n = 0};
    const Py_ssize_t sizes[3] = {2 * at.rows * (stop - start), at.width, at.width};
    int done = data(&held, spectrum, 0, 2 * at.width, &in[0]) &&
               data(&held, gone, 0, at.width, &in[1]);
    for (int s = 0; s < 3 && done; s++) done = data(&held, arrays[s], 1, sizes[s], &out[s]);
    done = done && is_there(in[0]) && is_there(out[0]) && is_there(out[1]) && is_there(out[2]);
    int dominated = 0;
    if (done) {
        lay_out(in[0], n_channels, n_bins, start, stop - start, out[0]);
        dominated = take_power(at.width, in[0], in[1], factor, out[1], out[2]);
    }
    PyObject *result = release(&held, done);
    Py_XDECREF(result);
    return result ? PyBool_FromLong(dominated) : NULL;
}

/* The measures, as compiled.py numbers them. */
enum { IMCOH, COH, WPLI, WPLI2_DEBIASED, RATIO, N_KINDS };

/* A measure at every bin of one strip of pairs, from sums a, b and c. */
WIDE static void
values_of(int kind, Py_ssize_t n, const double *restrict a, const double *restrict b,
          const double *restrict c, const double *restrict first,
          const double *restrict second, double *restrict out)
{
    switch (kind) {
    case IMCOH:
        for (Py_ssize_t k = 0; k < n; k++) out[k] = a[k] * (first[k] * second[k]);
        break;
    case COH:
        for (Py_ssize_t k = 0; k < n; k++)
            out[k] = sqrt(a[k] * a[k] + b[k] * b[k]) * (first[k] * second[k]);
        break;
    case WPLI:
        for (Py_ssize_t k = 0; k < n; k++) out[k] = fabs(a[k]) / b[k];
        break;
    case WPLI2_DEBIASED:
        for (Py_ssize_t k = 0; k < n; k++)
            out[k] = (a[k] * a[k] - c[k]) / (b[k] * b[k] - c[k]);
        break;
    default:
        for (Py_ssize_t k = 0; k < n; k++) out[k] = a[k] / b[k];
    }
}

/* Rows whose means are worked out side by side: an addition waits for the one before it. */
#define ROWS 4

/* Means over bins, added up in the order of the bins, of each band and each row. */
static void
means_of(const double *values, Py_ssize_t n_rows, Py_ssize_t n_bins, const int64_t *bands,
         Py_ssize_t n_bands, double *out, Py_ssize_t step)
{
    Py_ssize_t row = 0;
    for (; row + ROWS <= n_rows; row += ROWS, values += ROWS * n_bins)
        for (Py_ssize_t band = 0; band < n_bands; band++) {
            const int64_t start = bands[2 * band], stop = bands[2 * band + 1];
            double sum[ROWS];
            for (int r = 0; r < ROWS; r++) sum[r] = values[r * n_bins + start];
            for (int64_t bin = start + 1; bin < stop; bin++)
                for (int r = 0; r < ROWS; r++) sum[r] += values[r * n_bins + bin];
            for (int r = 0; r < ROWS; r++)
                out[band * step + row + r] = sum[r] / (double)(stop - start);
        }
    for (; row < n_rows; row++, values += n_bins)
        for (Py_ssize_t band = 0; band < n_bands; band++) {
            const int64_t start = bands[2 * band], stop = bands[2 * band + 1];
            double sum = values[start];
            for (int64_t bin = start + 1; bin < stop; bin++) sum += values[bin];
            out[band * step + row] = sum / (double)(stop - start);
        }
}

static int
bands_fit(const Py_buffer *bands, Py_ssize_t n_bins, Py_ssize_t *n_bands)
{
    const int64_t *edges = bands->buf;
    *n_bands = bands->len / (2 * (Py_ssize_t)sizeof(int64_t));
    for (Py_ssize_t band = 0; band < *n_bands; band++)
        if (edges[2 * band] < 0 || edges[2 * band] >= edges[2 * band + 1] ||
            edges[2 * band + 1] > n_bins) {
            PyErr_SetString(PyExc_ValueError, "a band lies outside the bins");
            return 0;
        }
    return 1;
}

static PyObject *
band_means(PyObject *module, PyObject *args)
{
    Py_ssize_t n_rows, n_bins, n_bands;
    PyObject *values, *result;
    Py_buffer bands;
    if (!PyArg_ParseTuple(args, "nnOy*O", &n_rows, &n_bins, &values, &bands, &result))
        return NULL;
    Views held = {.n = 0};
    double *from, *out;
    int done = bands_fit(&bands, n_bins, &n_bands) &&
               data(&held, values, 0, n_rows * n_bins, &from) &&
               data(&held, result, 1, n_bands * n_rows, &out);
    if (done && from && out)
        means_of(from, n_rows, n_bins, bands.buf, n_bands, out, n_rows);
    PyBuffer_Release(&bands);
    return release(&held, done);
}

static void
measure_of(int kind, const Layout *at, Py_ssize_t n_channels, Py_ssize_t strip,
           double *const from[3], const double *per, const Py_buffer *bands,
           Py_ssize_t n_bands, double *scratch, double *out)
{
    const Py_ssize_t n_bins = at->n_bins, pairs = at->n_shifts * n_channels;
    for (Py_ssize_t shift = at->first; shift < at->last; shift++)
        for (Py_ssize_t row = 0; row < n_channels; row += strip) {
            const Py_ssize_t n = n_channels - row < strip ? n_channels - row : strip;
            const Py_ssize_t where = shift * at->width + row * n_bins;
            const double *first = per ? per + row * n_bins : NULL;
            const double *second = per ? first + (shift + 1) * n_bins : NULL;
            values_of(kind, n * n_bins, from[0] + where, from[1] ? from[1] + where : NULL,
                      from[2] ? from[2] + where : NULL, first, second, scratch);
            means_of(scratch, n, n_bins, bands->buf, n_bands, out + shift * n_channels + row,
                     pairs);
        }
}

static PyObject *
measure(PyObject *module, PyObject *args)
{
    int kind;
    Py_ssize_t n_channels, n_bins, n_bands;
    PyObject *sums[3], *inverse, *result;
    Py_buffer bands;
    if (!PyArg_ParseTuple(args, "innOOOOy*O", &kind, &n_channels, &n_bins, &sums[0], &sums[1],
                          &sums[2], &inverse, &bands, &result))
        return NULL;
    Layout at;
    Views held = {.n = 0};
    double *from[3], *per = NULL, *out = NULL;
    int done = layout_of(n_channels, n_bins, &at) && bands_fit(&bands, n_bins, &n_bands);
    for (int s = 0; s < 3 && done; s++)
        done = data(&held, sums[s], 0, at.n_shifts * at.width, &from[s]);
    done = done && data(&held, inverse, 0, at.rows * n_bins, &per) &&
           data(&held, result, 1, n_bands * at.n_shifts * n_channels, &out);
    if (done && (kind < 0 || kind >= N_KINDS || !from[0] || !out ||
                 (kind != IMCOH && !from[1]) || (kind == WPLI2_DEBIASED && !from[2]) ||
                 (kind <= COH && !per))) {
        PyErr_SetString(PyExc_ValueError, "no such measure, or a sum it needs is missing");
        done = 0;
    }
    const Py_ssize_t strip = done && STRIP > n_bins ? STRIP / n_bins : 1;
    double *scratch = done ? PyMem_Malloc(strip * n_bins * sizeof(double)) : NULL;
    if (done && !scratch) {
        PyErr_NoMemory();
        done = 0;
    }
    if (done) measure_of(kind, &at, n_channels, strip, from, per, &bands, n_bands, scratch, out);
    PyMem_Free(scratch);
    PyBuffer_Release(&bands);
    return release(&held, done);
}

/* A measure that `hop` works out; see `measure`. */
typedef struct {
    int kind;
    double *from[3], *per, *out;
} Wanted;

#define MOST_WANTED 3

static int
wanted_of(Views *held, const Layout *at, Py_ssize_t n_channels, Py_ssize_t n_bands,
          PyObject *list, Wanted *wanted, Py_ssize_t *n_wanted)
{
    *n_wanted = PyTuple_Check(list) ? PyTuple_GET_SIZE(list) : MOST_WANTED + 1;
    if (*n_wanted > MOST_WANTED) {
        PyErr_SetString(PyExc_ValueError, "expected a tuple of few measures");
        return 0;
    }
    for (Py_ssize_t m = 0; m < *n_wanted; m++) {
        PyObject *sums[3], *inverse, *result;
        Wanted *one = &wanted[m];
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(list, m), "iOOOOO", &one->kind, &sums[0],
                              &sums[1], &sums[2], &inverse, &result))
            return 0;
        for (int s = 0; s < 3; s++)
            if (!data(held, sums[s], 0, at->n_shifts * at->width, &one->from[s])) return 0;
        if (!data(held, inverse, 0, at->rows * at->n_bins, &one->per) ||
            !data(held, result, 1, n_bands * at->n_shifts * n_channels, &one->out))
            return 0;
        if (one->kind < 0 || one->kind >= N_KINDS || !one->from[0] || !one->out ||
            (one->kind != IMCOH && !one->from[1]) ||
            (one->kind == WPLI2_DEBIASED && !one->from[2]) || (one->kind <= COH && !one->per)) {
            PyErr_SetString(PyExc_ValueError, "no such measure, or a sum it needs is missing");
            return 0;
        }
    }
    return 1;
}

/* `turn`, `count_anew` where it is a row's turn, `enter` and `measure` in one go: the sums of a
 * shift stay in the processor's cache, and each number comes about as it does one by one. */
static PyObject *
hop(PyObject *module, PyObject *args)
{
    Py_ssize_t n_channels, n_bins, anew_first, anew_last, lag, n_bands, n_wanted = 0;
    int apart;
    PyObject *segments[N_TURNED], *segment, *arrays[N_SUMS + 2 * N_LAGGED], *list;
    Py_buffer spectra, slots, bands;
    if (!PyArg_ParseTuple(args, "nn(OOOO)(nnny*y*)Op(OOOOOOOOOOO)y*O", &n_channels, &n_bins,
                          &segments[0], &segments[1], &segments[2], &segments[3], &anew_first,
                          &anew_last, &lag, &spectra, &slots, &segment, &apart, &arrays[0],
                          &arrays[1], &arrays[2], &arrays[3], &arrays[4], &arrays[5],
                          &arrays[6], &arrays[7], &arrays[8], &arrays[9], &arrays[10], &bands,
                          &list))
        return NULL;
    Layout at;
    Views held = {.n = 0}, more = {.n = 0};
    double *from[N_TURNED], *newest = NULL, *sums[N_SUMS + 2 * N_LAGGED];
    Wanted wanted[MOST_WANTED];
    int done = layout_of(n_channels, n_bins, &at) && bands_fit(&bands, n_bins, &n_bands);
    for (int s = 0; s < N_TURNED && done; s++)
        done = data(&held, segments[s], 0, 2 * at.rows * n_bins, &from[s]);
    done = done && (!from[AFTER] || is_there(from[GONE])) &&
           data(&held, segment, 0, 2 * at.rows * n_bins, &newest) && is_there(newest) &&
           sums_of(&held, &at, arrays, sums) && shifts_fit(&at, anew_first, anew_last) &&
           slots_fit(&slots, &spectra, 2 * at.rows * n_bins);
    if (done && lag < 1) {
        PyErr_SetString(PyExc_ValueError, "no such shift or lag");
        done = 0;
    }
    done = done && wanted_of(&more, &at, n_channels, n_bands, list, wanted, &n_wanted);
    const Py_ssize_t strip = done && STRIP > n_bins ? STRIP / n_bins : 1;
    double *scratch = done ? PyMem_Malloc(strip * n_bins * sizeof(double)) : NULL;
    if (done && !scratch) {
        PyErr_NoMemory();
        done = 0;
    }
    for (Py_ssize_t shift = 0; done && shift < at.n_shifts; shift++) {
        const double *const turned[N_TURNED] = {from[0], from[1], from[2], from[3]};
        at.first = shift;
        at.last = shift + 1;
        if (shift >= anew_first && shift < anew_last) {
            const double *const before[N_TURNED] = {[BEFORE] = from[BEFORE]};
            run_anew(&at, spectra.buf, slots.buf, slots.len / (Py_ssize_t)sizeof(int64_t), lag,
                     sums, sums + N_SUMS);
            run_turn(&at, before, sums, sums + N_SUMS);
        } else
            run_turn(&at, turned, sums, sums + N_SUMS);
        run_enter(&at, newest, apart, sums, sums + N_SUMS);
        for (Py_ssize_t m = 0; m < n_wanted; m++)
            measure_of(wanted[m].kind, &at, n_channels, strip, wanted[m].from, wanted[m].per,
                       &bands, n_bands, scratch, wanted[m].out);
    }
    PyMem_Free(scratch);
    PyBuffer_Release(&spectra);
    PyBuffer_Release(&slots);
    PyBuffer_Release(&bands);
    Py_XDECREF(release(&more, done));
    return release(&held, done);
}

static PyMethodDef methods[] = {
    {"enter", enter, METH_VARARGS, "Take a segment into sums."},
    {"turn", turn, METH_VARARGS, "Take the oldest segment out, and be ready for the next."},
    {"count_anew", count_anew, METH_VARARGS, "Add up one row of pairs from all segments."},
    {"take_in", take_in, METH_VARARGS, "Lay a segment out, and follow with the sum of power."},
    {"band_means", band_means, METH_VARARGS, "Means over the bins of some bands."},
    {"measure", measure, METH_VARARGS, "The band means of a measure for every pair."},
    {"hop", hop, METH_VARARGS, "All of a segment in one go: out, in, and the measures."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_kernel", NULL, -1, methods,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC
PyInit__kernel(void)
{
    PyObject *made = PyModule_Create(&module);
    if (made && PyModule_AddIntConstant(made, "VERSION", VERSION) < 0) Py_CLEAR(made);
    return made;
}
