// A Faust program as a library of functions in C, for `fad.runtime.library`.
//
// A voice is a copy of the program with a state of its own. Where a widget's value is kept in it is
// told as an offset in bytes, the same one in all voices. Different voices may run at the same time.
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <cstring>
#include <memory>

#include "interface.hpp"
#include "program.hpp"

#define EXPORTED extern "C" __attribute__((visibility("default")))

// Numbers that are nearly zero are taken for zero while a program runs, as they slow it down; the
// rest of the process keeps them.
class NoDenormals {
#if defined(__SSE2__)
    unsigned before = _mm_getcsr();

  public:
    NoDenormals() { _mm_setcsr(before | 0x8040); }
    ~NoDenormals() { _mm_setcsr(before); }
#elif defined(__aarch64__)
    uint64_t before;

  public:
    NoDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(before));
        asm volatile("msr fpcr, %0" : : "r"(before | 1 << 24));
    }
    ~NoDenormals() { asm volatile("msr fpcr, %0" : : "r"(before)); }
#else
  public:
    NoDenormals() {}
#endif
};

EXPORTED int32_t fad_inputs(mydsp* voice) { return voice->getNumInputs(); }
EXPORTED int32_t fad_outputs(mydsp* voice) { return voice->getNumOutputs(); }

// The number of widgets; of each, whether it is a bargraph, its label, and its offset, if there is
// room for `most` of them.
EXPORTED int32_t fad_widgets(mydsp* voice, int64_t most, int64_t* told) {
    UI ui;
    voice->buildUserInterface(&ui);
    if (int64_t(ui.widgets.size()) <= most) {
        for (const Widget& widget : ui.widgets) {
            *told++ = widget.is_bargraph;
            *told++ = widget.label;
            *told++ = reinterpret_cast<char*>(widget.zone) - reinterpret_cast<char*>(voice);
        }
    }
    return ui.widgets.size();
}

// The program at its start. Most of it are delay lines, which are zero: they are cleared, as copying
// would read as much as it writes, and both may be more than the processor's cache.
class Start {
    struct Zeros {
        size_t offset, size;
    };
    // To clear less than this takes longer than to copy it with what is around it.
    static constexpr ptrdiff_t least = 512;

    mydsp voice;
    std::vector<Zeros> zeros;

  public:
    Start(int32_t rate, Soundfile* sounds) {
        voice.init(rate);
        if (sounds) {
            UI ui{sounds};
            voice.buildUserInterface(&ui);
        }
        const char* bytes = reinterpret_cast<const char*>(&voice);
        const char* const end = bytes + sizeof(mydsp);
        for (const char* last = bytes; last != end;) {
            const char* first = std::find(last, end, 0);
            last = std::find_if(first, end, [](char byte) { return byte != 0; });
            if (last - first >= least) zeros.push_back({size_t(first - bytes), size_t(last - first)});
        }
    }

    mydsp* copy() const { return new mydsp(voice); }

    void put_into(mydsp* other) const {
        const char* from = reinterpret_cast<const char*>(&voice);
        char* to = reinterpret_cast<char*>(other);
        size_t done = 0;
        for (const Zeros& each : zeros) {
            std::memcpy(to + done, from + done, each.offset - done);
            std::memset(to + each.offset, 0, each.size);
            done = each.offset + each.size;
        }
        std::memcpy(to + done, from + done, sizeof(mydsp) - done);
    }
};

static const Start* start = nullptr;

// A voice at its start, with what its sound files play, which is not copied. The first one not at the
// same time as others: it fills tables that all of them share.
EXPORTED mydsp* fad_voice(int32_t rate, Soundfile* sounds) {
    if (!start) start = new Start(rate, sounds);
    return start->copy();
}

// After this there are no voices any more.
EXPORTED void fad_finish() {
    delete start;
    start = nullptr;
}

EXPORTED void fad_end(mydsp* voice) { delete voice; }

// Puts a voice, and all its widgets, back to their start.
EXPORTED void fad_restart(mydsp* voice) { start->put_into(voice); }

// Makes the state of one voice that of another one.
EXPORTED void fad_copy(mydsp* to, const mydsp* from) { *to = *from; }

EXPORTED double fad_value(mydsp* voice, int64_t offset) {
    return *reinterpret_cast<FAUSTFLOAT*>(reinterpret_cast<char*>(voice) + offset);
}

// Widgets that move at the start of each block of `block` samples: widget k, which is at
// `offsets[k]`, to `values[rows[k]*blocks + n]` for block n.
struct Control {
    int64_t block, blocks;
    const double* values;
    int64_t count;
    const int64_t *offsets, *rows;

    void move(mydsp* voice, int64_t n) const {
        char* base = reinterpret_cast<char*>(voice);
        for (int64_t k = 0; k < count; k++)
            *reinterpret_cast<FAUSTFLOAT*>(base + offsets[k]) =
                FAUSTFLOAT(values[rows[k] * blocks + n]);
    }
};

// Runs a voice. Each channel is `frames` samples, one after the other.
EXPORTED void fad_run(mydsp* voice, int64_t frames, FAUSTFLOAT* inputs, FAUSTFLOAT* outputs,
                      int64_t block, int64_t blocks, const double* values, int64_t count,
                      const int64_t* offsets, const int64_t* rows) {
    NoDenormals guard;
    const Control control{block, blocks, values, count, offsets, rows};
    const int ins = voice->getNumInputs(), outs = voice->getNumOutputs();
    std::vector<FAUSTFLOAT*> from(ins + 1), to(outs + 1);
    for (int64_t n = 0, start = 0; start < frames; n++, start += block) {
        control.move(voice, n);
        for (int i = 0; i < ins; i++) from[i] = inputs + i * frames + start;
        for (int i = 0; i < outs; i++) to[i] = outputs + i * frames + start;
        voice->compute(int(std::min(block, frames - start)), from.data(), to.data());
    }
}

// The same from the start, with the arguments in one place: handing over one number takes less time
// than ten.
EXPORTED void fad_play(const int64_t* call) {
    mydsp* voice = reinterpret_cast<mydsp*>(call[0]);
    start->put_into(voice);
    fad_run(voice, call[1], reinterpret_cast<FAUSTFLOAT*>(call[2]),
            reinterpret_cast<FAUSTFLOAT*>(call[3]), call[4], call[5],
            reinterpret_cast<double*>(call[6]), call[7], reinterpret_cast<int64_t*>(call[8]),
            reinterpret_cast<int64_t*>(call[9]));
}

// A sum as several ones side by side: an addition need not wait for the one before.
static double sum_of(const FAUSTFLOAT* samples, int64_t size) {
    constexpr int64_t many = 16;
    double parts[many] = {};
    int64_t start = 0;
    for (; start + many <= size; start += many)
        for (int64_t k = 0; k < many; k++) parts[k] += samples[start + k];
    for (int64_t k = 0; start + k < size; k++) parts[k] += samples[start + k];
    double sum = 0;
    for (double part : parts) sum += part;
    return sum;
}

// Runs a voice from the last sample to the first.
//
// Its first inputs are the `given` channels of `cotangents`, the others are those of `tape`. Its
// first `coefficients` outputs are added up, for each block, into `sums[c*blocks + n]`; the others
// are put into `rest`. Each channel is `frames` samples, one after the other, forward in time.
EXPORTED void fad_run_back(mydsp* voice, int64_t frames, const FAUSTFLOAT* cotangents,
                           int64_t given, const FAUSTFLOAT* tape, int64_t coefficients,
                           double* sums, FAUSTFLOAT* rest, int64_t block, int64_t blocks,
                           const double* values, int64_t count, const int64_t* offsets,
                           const int64_t* rows) {
    // So many samples stay in the processor's fastest memory.
    constexpr int64_t most = 256;
    NoDenormals guard;
    const Control control{block, blocks, values, count, offsets, rows};
    const int64_t ins = voice->getNumInputs(), outs = voice->getNumOutputs();
    std::vector<FAUSTFLOAT> space((ins + outs) * most);
    std::vector<FAUSTFLOAT*> from(ins + 1), to(outs + 1);
    for (int64_t i = 0; i < ins; i++) from[i] = space.data() + i * most;
    for (int64_t i = 0; i < outs; i++) to[i] = space.data() + (ins + i) * most;
    for (int64_t n = (frames - 1) / block; n >= 0; n--) {
        control.move(voice, n);
        const int64_t first = n * block;
        for (int64_t end = std::min(first + block, frames); end > first;) {
            const int64_t size = std::min(most, end - first), start = end - size;
            for (int64_t i = 0; i < ins; i++) {
                const FAUSTFLOAT* channel =
                    i < given ? cotangents + i * frames : tape + (i - given) * frames;
                std::reverse_copy(channel + start, channel + end, from[i]);
            }
            voice->compute(int(size), from.data(), to.data());
            for (int64_t c = 0; c < coefficients; c++) {
                sums[c * blocks + n] += sum_of(to[c], size);
            }
            for (int64_t c = coefficients; c < outs; c++)
                std::reverse_copy(to[c], to[c] + size, rest + (c - coefficients) * frames + start);
            end = start;
        }
    }
}
