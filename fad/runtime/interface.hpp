// What the class of a Faust program needs around it: it tells its widgets, whose labels are numbers.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

// FAUSTFLOAT is defined on the compiler's command line.

struct Soundfile;
struct Meta {
    void declare(const char*, const char*) {}
};

struct Widget {
    bool is_bargraph;
    int32_t label;
    FAUSTFLOAT* zone;
};

struct UI {
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
    void addSoundfile(const char*, const char*, Soundfile**) {}
    void declare(Zone, const char*, const char*) {}
};

struct dsp {
    virtual ~dsp() {}
};
