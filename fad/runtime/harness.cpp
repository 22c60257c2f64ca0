// Runs a Faust program step by step, for `fad run`: the other side asks, and says how far.
//
// The arguments are the sample rate, and a file with what sound files play. The program first tells, on the standard output, its numbers of
// inputs, outputs and widgets, and of each widget whether it is a bargraph (1) or a control (0), and
// its label, which is a number. Then each request on the standard input is
//     frames, number of moves, for each move the number of a widget and its new value, inputs
// and its answer
//     outputs, values of the bargraphs after the last frame, in order
// Numbers are 32-bit integers, values and samples are doubles, channels come one after the other.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "interface.hpp"
#include "program.hpp"

template <typename T>
static void get(T* to, size_t count) {
    // The other side ends a run by closing its end.
    if (fread(to, sizeof(T), count, stdin) != count) exit(0);
}

template <typename T>
static void put(const T* from, size_t count) {
    if (fwrite(from, sizeof(T), count, stdout) != count) exit(1);
}

static int32_t number() {
    int32_t value;
    get(&value, 1);
    return value;
}

static void tell(int32_t value) { put(&value, 1); }

int main(int, char** arguments) {
    mydsp* program = new mydsp();
    program->init(atoi(arguments[1]));
    UI ui{sounds_of(arguments[2])};
    program->buildUserInterface(&ui);
    size_t ins = program->getNumInputs(), outs = program->getNumOutputs();

    tell(ins);
    tell(outs);
    tell(ui.widgets.size());
    for (const Widget& widget : ui.widgets) {
        tell(widget.is_bargraph);
        tell(widget.label);
    }

    std::vector<double> samples;
    std::vector<FAUSTFLOAT> in, out;
    std::vector<FAUSTFLOAT*> from(ins + 1), to(outs + 1);
    for (;;) {
        fflush(stdout);
        size_t frames = number();
        for (int32_t moves = number(); moves > 0; moves--) {
            int32_t index = number();
            double value;
            get(&value, 1);
            *ui.widgets[index].zone = FAUSTFLOAT(value);
        }
        samples.resize(ins * frames);
        get(samples.data(), samples.size());
        in.assign(samples.begin(), samples.end());
        out.assign(outs * frames, 0);
        for (size_t i = 0; i < ins; i++) from[i] = in.data() + i * frames;
        for (size_t i = 0; i < outs; i++) to[i] = out.data() + i * frames;
        program->compute(frames, from.data(), to.data());
        samples.assign(out.begin(), out.end());
        for (const Widget& widget : ui.widgets)
            if (widget.is_bargraph) samples.push_back(*widget.zone);
        put(samples.data(), samples.size());
    }
}
