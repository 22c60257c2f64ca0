// What XLA calls to run programs, for `fad.jax.handlers`.
//
// The handlers belong to no program. What the library of a program can do
// (`fad/runtime/library.cpp`) is told them under a name; a call of a handler says which one it
// means. Signals have the shape (items or 1, channels, frames), the values of a parameter
// (items or 1, blocks or 1); where there is one only, all items or blocks share it.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace {

using Places = ffi::Span<const int64_t>;
using Numbers = ffi::Span<const double>;

// A copy of a program with a state of its own.
using Voice = void;

// Functions of `library.cpp`, in the order in which Python tells them.
struct Functions {
    Voice* (*voice)(int32_t rate, void* sounds);
    void (*restart)(Voice*);
    void (*run)(Voice*, int64_t frames, void* inputs, void* outputs, int64_t block, int64_t blocks,
                const double* values, int64_t count, const int64_t* offsets, const int64_t* rows);
    void (*run_back)(Voice*, int64_t frames, const void* cotangents, int64_t given,
                     const void* tape, int64_t coefficients, double* sums, void* rest,
                     int64_t block, int64_t blocks, const double* values, int64_t count,
                     const int64_t* offsets, const int64_t* rows);
};

// A program, whose voices are kept and used again.
class Program {
    const Functions functions_;
    const int32_t rate_;
    void* const sounds_;
    std::mutex mutex_;
    std::vector<Voice*> free_;

  public:
    Program(const Functions& functions, int32_t rate, void* sounds)
        : functions_(functions), rate_(rate), sounds_(sounds) {}

    const Functions& functions() const { return functions_; }

    // A voice at its start.
    Voice* take() {
        Voice* voice = nullptr;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            if (!free_.empty()) {
                voice = free_.back();
                free_.pop_back();
            }
        }
        if (!voice) return functions_.voice(rate_, sounds_);
        functions_.restart(voice);
        return voice;
    }

    void give(Voice* voice) {
        std::lock_guard<std::mutex> lock(mutex_);
        free_.push_back(voice);
    }
};

// All programs, by name. XLA may run what it has compiled as long as the process lives: they stay.
class Programs {
    std::mutex mutex_;
    std::unordered_map<std::string, std::unique_ptr<Program>> programs_;

  public:
    void add(const std::string& name, const Functions& functions, int32_t rate, void* sounds) {
        std::lock_guard<std::mutex> lock(mutex_);
        auto& place = programs_[name];
        if (!place) place = std::make_unique<Program>(functions, rate, sounds);
    }

    Program* find(std::string_view name) {
        std::lock_guard<std::mutex> lock(mutex_);
        auto found = programs_.find(std::string(name));
        return found == programs_.end() ? nullptr : found->second.get();
    }
};

Programs& programs() {
    static Programs* const all = new Programs();  // never deleted: threads may outlive the rest
    return *all;
}

ffi::Error not_loaded(std::string_view name) {
    return ffi::Error(ffi::ErrorCode::kNotFound,
                      "no program " + std::string(name) + " was loaded in this process");
}

// What the values of a parameter have to be within.
struct Bounds {
    std::string_view names;  // one on each line
    Numbers low, high;       // of the first parameters; the others may be anything
    bool clip;

    ffi::Error exceeded(size_t row, double value) const {
        std::string_view rest = names;
        for (size_t k = 0; k < row; k++) rest.remove_prefix(rest.find('\n') + 1);
        const std::string name(rest.substr(0, rest.find('\n')));
        std::ostringstream told;
        if (std::isnan(value))
            told << "a value of `" << name << "` is not a number";
        else
            told << value << " is outside the range of `" << name << "`: it goes from " << low[row]
                 << " to " << high[row]
                 << "; with `clip=True`, other values are put to its ends";
        return ffi::Error::InvalidArgument(told.str());
    }
};

// The values of the parameters of a call.
class Values {
    struct Row {
        const void* data;
        bool is_double;
        int64_t items, blocks;

        double at(int64_t k) const {
            return is_double ? static_cast<const double*>(data)[k]
                             : double(static_cast<const float*>(data)[k]);
        }
    };

    std::vector<Row> rows_;
    Bounds bounds_;

  public:
    int64_t items = 1, blocks = 1;

    Values(const ffi::RemainingArgs& given, const Bounds& bounds) : bounds_(bounds) {
        for (size_t k = 0; k < given.size(); k++) {
            const ffi::AnyBuffer buffer = given.get<ffi::AnyBuffer>(k).value();
            const auto shape = buffer.dimensions();
            rows_.push_back({buffer.untyped_data(), buffer.element_type() == ffi::DataType::F64,
                             shape[0], shape[1]});
            items = std::max(items, shape[0]);
            blocks = std::max(blocks, shape[1]);
        }
    }

    // Whether all of them are within their ranges; they may be a little outside, by rounding.
    ffi::Error checked() const {
        for (size_t row = 0; row < bounds_.low.size(); row++) {
            const double low = bounds_.low[row], high = bounds_.high[row];
            const double near = 1e-6 * (high - low);
            for (int64_t k = 0; k < rows_[row].items * rows_[row].blocks; k++) {
                const double value = rows_[row].at(k);
                const bool is_near = low - near <= value && value <= high + near;
                if (!is_near && !(bounds_.clip && std::isfinite(value)))
                    return bounds_.exceeded(row, value);
            }
        }
        return ffi::Error::Success();
    }

    // Those of an item: `blocks` of each parameter, one after the other.
    std::vector<double> course(int64_t item) const {
        std::vector<double> found(rows_.size() * blocks);
        for (size_t k = 0; k < rows_.size(); k++) {
            const Row& row = rows_[k];
            const int64_t first = row.items > 1 ? item * row.blocks : 0;
            for (int64_t n = 0; n < blocks; n++) {
                double value = row.at(first + (row.blocks > 1 ? n : 0));
                if (k < bounds_.low.size())
                    value = std::min(std::max(value, bounds_.low[k]), bounds_.high[k]);
                found[k * blocks + n] = value;
            }
        }
        return found;
    }
};

// The part of a buffer that is an item's.
template <typename Data>
Data* part(const ffi::AnyBuffer& buffer, int64_t item) {
    const int64_t items = buffer.dimensions()[0];
    const int64_t size = items ? buffer.size_bytes() / items : 0;
    return reinterpret_cast<Data*>(static_cast<char*>(buffer.untyped_data()) +
                                   (items > 1 ? item * size : 0));
}

// Does something for each item, on this thread and on others of a pool, as far as they have time.
//
// A thread of the pool that waited for others could wait for ever. So this one works, too, and waits
// for nothing but items that others are at. Those who come when all items are taken go again: all
// that they touch is what they share, and they own that together.
template <typename Work>
void each(ffi::ThreadPool& pool, int64_t items, int64_t threads, const Work& work) {
    struct Shared {
        std::atomic<int64_t> next{0};
        std::mutex mutex;
        std::condition_variable all_done;
        int64_t done = 0;
    };
    auto shared = std::make_shared<Shared>();
    const auto take_part = [shared, items, &work] {
        int64_t count = 0;
        for (int64_t item; (item = shared->next++) < items; count++) work(item);
        if (!count) return;
        std::lock_guard<std::mutex> lock(shared->mutex);
        shared->done += count;
        if (shared->done == items) shared->all_done.notify_one();
    };
    const int64_t others = std::min({items, threads, pool.num_threads() + 1}) - 1;
    for (int64_t k = 0; k < others; k++) pool.Schedule([take_part] { take_part(); });
    take_part();
    std::unique_lock<std::mutex> lock(shared->mutex);
    shared->all_done.wait(lock, [&] { return shared->done == items; });
}

// Runs a program from its start: `lanes` are its outputs. The parameter that is row `rows[k]` of the
// values moves the widget that is at `offsets[k]`, at the start of each block.
ffi::Error run(ffi::ThreadPool pool, ffi::AnyBuffer sound, ffi::RemainingArgs given,
               ffi::Result<ffi::AnyBuffer> lanes, std::string_view name, Places offsets,
               Places rows, int64_t block, int64_t threads, std::string_view names, Numbers low,
               Numbers high, bool clip) {
    Program* program = programs().find(name);
    if (!program) return not_loaded(name);
    const Values values(given, {names, low, high, clip});
    if (ffi::Error wrong = values.checked(); wrong.failure()) return wrong;
    const auto shape = lanes->dimensions();
    each(pool, shape[0], threads, [&](int64_t item) {
        const std::vector<double> course = values.course(item);
        Voice* voice = program->take();
        program->functions().run(voice, shape[2], part<void>(sound, item), part<void>(*lanes, item),
                                 block, values.blocks, course.data(), rows.size(), offsets.begin(),
                                 rows.begin());
        program->give(voice);
    });
    return ffi::Error::Success();
}

// Runs a program from the last sample to the first. Its first inputs are the `cotangents`, the others
// the `tape`, without its first `skip` channels. What its first `coefficients` outputs add up to in
// each block goes through the program `control`, which gives the `gradient`, of shape
// (items, variables, blocks); the other outputs are the `rest`.
ffi::Error run_back(ffi::ThreadPool pool, ffi::AnyBuffer cotangents, ffi::AnyBuffer tape,
                    ffi::RemainingArgs given, ffi::Result<ffi::AnyBuffer> gradient,
                    ffi::Result<ffi::AnyBuffer> rest, std::string_view name, Places offsets,
                    Places rows, std::string_view control, Places control_offsets,
                    Places control_rows, int64_t skip, int64_t coefficients, int64_t block,
                    int64_t threads, std::string_view names, Numbers low, Numbers high,
                    bool clip) {
    Program* program = programs().find(name);
    if (!program) return not_loaded(name);
    Program* last = control.empty() ? nullptr : programs().find(control);
    if (!last && !control.empty()) return not_loaded(control);
    const Values values(given, {names, low, high, clip});
    if (ffi::Error wrong = values.checked(); wrong.failure()) return wrong;
    const int64_t items = gradient->dimensions()[0], variables = gradient->dimensions()[1];
    const int64_t channels = cotangents.dimensions()[1], frames = cotangents.dimensions()[2];
    const int64_t size = ffi::ByteWidth(tape.element_type());
    const bool is_double = gradient->element_type() == ffi::DataType::F64;
    each(pool, items, threads, [&](int64_t item) {
        const std::vector<double> course = values.course(item);
        std::vector<double> sums(coefficients * values.blocks), found(variables * values.blocks);
        Voice* voice = program->take();
        program->functions().run_back(
            voice, frames, part<void>(cotangents, item), channels,
            part<char>(tape, item) + skip * frames * size, coefficients, sums.data(),
            part<void>(*rest, item), block, values.blocks, course.data(), rows.size(),
            offsets.begin(), rows.begin());
        program->give(voice);
        if (last) {
            voice = last->take();
            last->functions().run(voice, values.blocks, sums.data(), found.data(), 1,
                                  values.blocks, course.data(), control_rows.size(),
                                  control_offsets.begin(), control_rows.begin());
            last->give(voice);
        }
        if (is_double)
            std::copy(found.begin(), found.end(), part<double>(*gradient, item));
        else
            std::copy(found.begin(), found.end(), part<float>(*gradient, item));
    });
    return ffi::Error::Success();
}

}  // namespace

#pragma GCC visibility push(default)

extern "C" void fad_add(const char* name, const Functions* functions, int32_t rate, void* sounds) {
    programs().add(name, *functions, rate, sounds);
}

XLA_FFI_DEFINE_HANDLER_SYMBOL(fad_run_program, run,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .RemainingArgs()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<std::string_view>("program")
                                  .Attr<Places>("offsets")
                                  .Attr<Places>("rows")
                                  .Attr<int64_t>("block")
                                  .Attr<int64_t>("threads")
                                  .Attr<std::string_view>("names")
                                  .Attr<Numbers>("low")
                                  .Attr<Numbers>("high")
                                  .Attr<bool>("clip"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(fad_run_program_back, run_back,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .RemainingArgs()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<std::string_view>("program")
                                  .Attr<Places>("offsets")
                                  .Attr<Places>("rows")
                                  .Attr<std::string_view>("control")
                                  .Attr<Places>("control_offsets")
                                  .Attr<Places>("control_rows")
                                  .Attr<int64_t>("skip")
                                  .Attr<int64_t>("coefficients")
                                  .Attr<int64_t>("block")
                                  .Attr<int64_t>("threads")
                                  .Attr<std::string_view>("names")
                                  .Attr<Numbers>("low")
                                  .Attr<Numbers>("high")
                                  .Attr<bool>("clip"));

#pragma GCC visibility pop
