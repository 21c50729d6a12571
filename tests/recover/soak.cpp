#include "tests/recover/soak.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <map>

#include "tests/recover/fault.hpp"
#include "tests/recover/plot.hpp"

namespace lockstep::recover {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr seconds kMeasure{20};  // how long people edit as fast as they can, to see what it can do
// The data folder's disk: what the store may need at 3,000 edits a second, and room for its log.
constexpr std::size_t kDiskBytesAtFirst = std::size_t{512} << 20;
constexpr std::size_t kDiskBytesPerMinute = std::size_t{256} << 20;
constexpr std::uintmax_t kDiskBytesLeft = std::uintmax_t{64}
                                          << 20;  // fewer: the run would only show that its disk is full
constexpr seconds kStatusEach{10};
constexpr seconds kServingBound{60};
constexpr seconds kSettleBound{240};  // deletions whose webhook was lost wait for a full pull
constexpr Milliseconds kCalmLeast{4'000};
constexpr std::uint64_t kCalmSpread = 8'000;
// What the process may hold more at most in the last quarter than in the one before. In both it is the same process.
constexpr double kMemoryShare = 0.1;
constexpr std::uint64_t kMemoryKib = 8 << 10;
constexpr std::size_t kDescriptors = 10;

struct Footprint {
  std::uint64_t resident_kib = 0;
  std::size_t descriptors = 0;

  void rise_to(const Footprint& other) {
    resident_kib = std::max(resident_kib, other.resident_kib);
    descriptors = std::max(descriptors, other.descriptors);
  }
};

class Soak {
 public:
  explicit Soak(const SoakOptions& options) : options_(options), random_(options.seed), world_(settings(options)) {
    for (const Fault& fault : all_faults()) {
      if (fault.needs == Fault::Needs::own_network) continue;  // the audit's own calls would suffer as well
      const std::string why = impossible(fault);
      if (why.empty()) {
        faults_.push_back(&fault);
      } else {
        say(fmt::format("without {}: {}", fault.name, why));
      }
    }
  }

  int run() {
    if (const std::string wrong = world_.start(); !wrong.empty()) {
      violation("the start: " + wrong);
      return end();
    }
    if (options_.rate == 0 && !measure()) return end();
    world_.set_fault_share(options_.fault_percent / 100);
    start_ = told_ = told_before_ = Steady::now();
    before_ = world_.crowd->tally();
    told_acknowledged_ = before_.acknowledged;
    world_.crowd->start_at(options_.rate);
    while (elapsed() < options_.minutes * 60 && violations_ == 0) {
      calm(kCalmLeast + Milliseconds(random_.below(kCalmSpread)));
      if (elapsed() < options_.minutes * 60) fault();
    }
    calm(kCalmLeast);
    finish();
    if (!options_.plot_file.empty()) plot();
    return end();
  }

 private:
  static World::Settings settings(const SoakOptions& options) {
    World::Settings out;
    out.contacts = options.contacts;
    out.seed = options.seed;
    out.own_clock = true;
    out.poll = "{every: 1s, full_every: 1m}";
    out.crm_deletes = tests::CrmDeletes::some;
    const tests::TestFolder folder;
    if (tests::SmallDisk(folder.path() / "disk", std::size_t{1} << 20).problem().empty())
      out.disk_bytes = kDiskBytesAtFirst + static_cast<std::size_t>(options.minutes * kDiskBytesPerMinute);
    return out;
  }

  void say(const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }
  void violation(const std::string& what) {
    ++violations_;
    say("VIOLATION: " + what);
  }
  double elapsed() const { return std::chrono::duration<double>(Steady::now() - start_).count(); }
  Footprint footprint() {
    return {world_.server.process().resident_kib(), tests::descriptors_of(world_.server.process().id())};
  }

  // The rate becomes half of what three clients get through that wait for nothing, until all of it stands on both sides.
  bool measure() {
    const auto began = Steady::now();
    world_.crowd->start(Milliseconds(0));
    tests::pause(kMeasure);
    std::string wrong = world_.crowd->stop();
    if (wrong.empty()) wrong = settle();
    if (!wrong.empty()) {
      violation("while its capacity was measured: " + wrong);
      return false;
    }
    const double lasted = std::chrono::duration<double>(Steady::now() - began).count();
    const double capacity = static_cast<double>(world_.crowd->tally().acknowledged) / lasted;
    options_.rate = capacity / 2;
    say(fmt::format("capacity: {:.0f} edits/s, acknowledged and standing on both sides; half of it from here",
                    capacity));
    return true;
  }

  void plot() {
    std::ofstream file(options_.plot_file);
    file << memory_plot(samples_, restarts_,
                        fmt::format("{:.0f} minutes, {:.0f} edits/s, {:g} % of calls and webhooks go wrong, {} faults",
                                    options_.minutes, options_.rate, options_.fault_percent, struck_));
    file.close();
    if (!file) violation("can not write " + options_.plot_file);
  }

  std::string settle() {
    std::string wrong;
    tests::eventually(kSettleBound, [&] {
      wrong = world_.unsettled();
      if (!wrong.empty()) tests::pause(Milliseconds(200));
      return wrong.empty();
    });
    return wrong;
  }

  void calm(Milliseconds time) {
    const auto end = Steady::now() + time;
    while (Steady::now() < end) {
      tests::pause(Milliseconds(500));
      if (!world_.server.process().running()) return violation("the server ended by itself");
      status();
    }
    if (world_.disk && world_.disk->bytes_free() < kDiskBytesLeft)
      violation("the disk of this test has no room left for the store: it is made too small");
    for (const std::string& id : world_.journal->lost_webhooks(world_.crm))
      violation("webhook " + id + " was answered 2xx and is lost");
  }

  bool second_half() const { return elapsed() > options_.minutes * 30; }

  void status() {
    if (Steady::now() - told_ < kStatusEach) return;
    told_ = Steady::now();
    const tests::Crowd::Tally tally = world_.crowd->tally();
    const Footprint now = footprint();
    const std::int64_t pending = world_.server.counts().pending;
    const double last = std::chrono::duration<double>(told_ - told_before_).count();
    told_before_ = told_;
    if (second_half()) (elapsed() < options_.minutes * 45 ? before_last_ : last_).rise_to(now);
    samples_.push_back({elapsed() / 60, static_cast<double>(now.resident_kib) / 1024,
                        static_cast<double>(std::max<std::int64_t>(pending, 0))});
    const std::size_t since = tally.acknowledged - told_acknowledged_;
    told_acknowledged_ = tally.acknowledged;
    say(fmt::format(
        "{:5.0f} s of {:.0f}: {} edits acknowledged, {:.0f}/s; {} faults; {} pending; {:.1f} MiB, {} descriptors",
        elapsed(), options_.minutes * 60, (tally - before_).acknowledged, static_cast<double>(since) / last, struck_,
        pending, static_cast<double>(now.resident_kib) / 1024, now.descriptors));
  }

  void fault() {
    const Fault& fault = *faults_[random_.below(faults_.size())];
    // In the second half one process lives to the end: it must not grow.
    if (second_half() && fault.counted == Fault::Counted::from_strike) return;
    const Milliseconds lasts =
        fault.lasts / 2 + Milliseconds(random_.below(1 + static_cast<std::uint64_t>(fault.lasts.count())));
    ++struck_;
    ++by_name_[fault.name];
    if (fault.counted == Fault::Counted::from_strike) restarts_.push_back(elapsed() / 60);
    say(fmt::format("{:5.0f} s: {}", elapsed(), fault.name));
    std::string wrong = fault.strike(world_);
    tests::pause(lasts);
    const std::string lifted = fault.lift(world_);
    if (wrong.empty()) wrong = lifted;
    if (!wrong.empty()) return violation(fmt::format("{}: {}", fault.name, wrong));
    const std::string email = fmt::format("again-{}@example.com", ++world_.knocks);
    if (!tests::eventually(kServingBound, [&] { return world_.crowd->knock(email, seconds(1)); }))
      violation(fmt::format("it does not serve again after {}; it could write nothing for {:.0f} s", fault.name,
                            world_.server.metric("lockstep_unstored_seconds")));
    if (!world_.server.process().running()) violation(fmt::format("the server ended in {}", fault.name));
  }

  void finish() {
    if (const std::string unanswered = world_.crowd->stop(); !unanswered.empty()) violation(unanswered);
    const auto stopped = Steady::now();
    world_.set_fault_share(0);
    std::string wrong = settle();
    const double seconds_settled = std::chrono::duration<double>(Steady::now() - stopped).count();
    if (!wrong.empty()) {
      violation("it does not converge: " + wrong);
    } else if (wrong = world_.audit(); !wrong.empty()) {
      violation(wrong);
    }
    // A5; polls go on, so that the two are not read at one moment.
    tests::eventually(seconds(10), [&] { return (wrong = world_.journal->unaccounted(world_.server)).empty(); });
    if (!wrong.empty()) violation("A5: " + wrong);
    const auto bound =
        static_cast<std::uint64_t>(static_cast<double>(before_last_.resident_kib) * (1 + kMemoryShare)) + kMemoryKib;
    if (last_.resident_kib > bound)
      violation(fmt::format("memory grew from {} to {} KiB, {} were allowed", before_last_.resident_kib,
                            last_.resident_kib, bound));
    if (last_.descriptors > before_last_.descriptors + kDescriptors)
      violation(fmt::format("descriptors grew from {} to {}", before_last_.descriptors, last_.descriptors));
    const tests::Crowd::Tally tally = world_.crowd->tally() - before_;
    std::string names;
    for (const auto& [name, count] : by_name_) names += fmt::format(" {} {}", name, count);
    say("\n" + world_.journal->sum());
    std::error_code unknown;
    const auto store_bytes = std::filesystem::file_size(world_.server.store(), unknown);
    if (!unknown) say(fmt::format("the store has {:.0f} MiB", static_cast<double>(store_bytes) / (1 << 20)));
    say(fmt::format("injected into calls and webhooks of the CRM: {}", world_.injected()));
    say(fmt::format(
        "seed {}: {:.0f} s at {:.0f} edits/s, {} edits asked, {} acknowledged, {} contacts made; {} faults:{}",
        options_.seed, elapsed(), options_.rate, tally.asked, tally.acknowledged, world_.crowd->made(), struck_,
        names));
    say(
        fmt::format("converged {:.1f} s after the last edit; {} webhooks that were answered 2xx are in the store; "
                    "at most in the third and in the last quarter: memory {} and {} KiB, descriptors {} and {}",
                    seconds_settled, world_.journal->webhooks_checked(), before_last_.resident_kib, last_.resident_kib,
                    before_last_.descriptors, last_.descriptors));
  }

  int end() {
    say(violations_ == 0 ? "0 lost, 0 doubled, all equal, accepted = applied + suppressed + parked + pending"
                         : fmt::format("{} violations", violations_));
    if (violations_ > 0) world_.keep();
    return violations_ == 0 ? 0 : 1;
  }

  SoakOptions options_;
  SeededRandom random_;
  World world_;
  std::vector<const Fault*> faults_;
  Steady::time_point start_ = Steady::now();
  Steady::time_point told_ = start_, told_before_ = start_;
  tests::Crowd::Tally before_;  // while the capacity was measured
  std::size_t told_acknowledged_ = 0;
  Footprint before_last_, last_;  // the most of the third and of the last quarter
  std::size_t struck_ = 0;
  std::map<std::string, std::size_t> by_name_;
  std::vector<Sample> samples_;
  std::vector<double> restarts_;  // minutes
  std::size_t violations_ = 0;
};

}  // namespace

int soak(const SoakOptions& options) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
  return Soak(options).run();
}

}  // namespace lockstep::recover
