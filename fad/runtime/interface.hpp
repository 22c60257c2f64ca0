// What the class of a Faust program needs around it: it tells its widgets, whose labels are numbers,
// and is told what its sound files play.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

// FAUSTFLOAT is defined on the compiler's command line.

// What a sound file plays: channels of samples, in which its parts are one after the other, and of
// each part the length, the sample rate, and where it begins.
struct Soundfile {
    void* fBuffers;
    int *fLength, *fSR, *fOffset;
};
// What is played before the user interface is built.
static Soundfile* defaultsound = nullptr;

// What sound files play, from a file of `fad.runtime.soundfiles`; it stays until the process ends.
// For each, there are the numbers of channels that the file has, that the program reads, and of
// samples in each, then the tables of 256 parts, then the samples.
static Soundfile* sounds_of(const char* path) {
    FILE* file = fopen(path, "rb");
    auto* sounds = new std::vector<Soundfile>;
    int32_t sizes[3];
    while (file && fread(sizes, sizeof sizes, 1, file) == 1) {
        int* tables = new int[3 * 256];
        size_t rows = sizes[0], channels = sizes[1], frames = sizes[2];
        FAUSTFLOAT* samples = new FAUSTFLOAT[rows * frames];
        FAUSTFLOAT** buffers = new FAUSTFLOAT*[channels];
        for (size_t k = 0; k < channels; k++) buffers[k] = samples + k % rows * frames;
        if (fread(tables, sizeof(int), 3 * 256, file) != 3 * 256) exit(1);
        if (fread(samples, sizeof(FAUSTFLOAT), rows * frames, file) != rows * frames) exit(1);
        sounds->push_back({buffers, tables, tables + 256, tables + 512});
    }
    if (file) fclose(file);
    return sounds->data();
}

struct Meta {
    void declare(const char*, const char*) {}
};

struct Widget {
    bool is_bargraph;
    int32_t label;
    FAUSTFLOAT* zone;
};

struct UI {
    // What the sound files play, whose labels are `s` and a number; it stays as it is without.
    Soundfile* sounds = nullptr;
    std::vector<Widget> widgets;

    void add(bool is_bargraph, const char* label, FAUSTFLOAT* zone) {
        widgets.push_back({is_bargraph, atoi(label), zone});
    }

    void openTabBox(const char*) {}
    void openHorizontalBox(const char*) {}
    void openVerticalBox(const char*) {}
    void closeBox() {}

    using Zone = FAUSTFLOAT*;
    using Bound = FAUSTFLOAT;
    void addButton(const char* label, Zone zone) { add(false, label, zone); }
    void addCheckButton(const char* label, Zone zone) { add(false, label, zone); }
    void addVerticalSlider(const char* label, Zone zone, Bound, Bound, Bound, Bound) {
        add(false, label, zone);
    }
    void addHorizontalSlider(const char* label, Zone zone, Bound, Bound, Bound, Bound) {
        add(false, label, zone);
    }
    void addNumEntry(const char* label, Zone zone, Bound, Bound, Bound, Bound) {
        add(false, label, zone);
    }
    void addHorizontalBargraph(const char* label, Zone zone, Bound, Bound) {
        add(true, label, zone);
    }
    void addVerticalBargraph(const char* label, Zone zone, Bound, Bound) { add(true, label, zone); }
    void addSoundfile(const char* label, const char*, Soundfile** zone) {
        if (sounds) *zone = sounds + atoi(label + 1);
    }
    void declare(Zone, const char*, const char*) {}
};

struct dsp {
    virtual ~dsp() {}
};
