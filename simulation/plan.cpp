#include "simulation/plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/assert.hpp"

namespace lockstep::simulation {

namespace {

// What does harm only together, and seldom meets when each is drawn by itself.
const std::vector<std::vector<std::string_view>> kTogether{
    // Answers get lost, events tell, and people undo what they see.
    {"net.lost_answer", "net.half_open", "crm.error_after_apply", "people.takes_back", "people.reacts"},
    // Between a decision and the next one much is heard.
    {"disk.slow", "people.forms", "people.reacts", "people.takes_back"},
    // It takes long until a doubt is settled.
    {"net.slow", "net.refused", "hook.undated", "people.forms", "people.takes_back"},
    // Between the calls of one write people change what the later ones are about, and what makes one look again.
    {"net.slow", "people.forms", "people.tags", "people.takes_back", "people.dithers", "people.reacts"},
};

}  // namespace

const std::vector<PlanSwitch>& Plan::switches() {
  static const std::vector<PlanSwitch> list = {
      // People
      {"people.contacts", 3, 0, "contacts that are there when Lockstep starts"},
      {"people.deals", 2, 0, "deals that are there when Lockstep starts"},
      {"people.things", 5, 0, "records that people work on at most, of each kind"},
      {"people.minutes", 20, 0, "how long people work"},
      {"people.moments", 25, 0, "moments at which somebody does something"},
      {"people.crowd", 0.5, 0, "chance that another one edits the same record in the same moment"},
      {"people.deletes", 0.08, 0, "share of acts that delete"},
      {"people.creates", 0.15, 0, "share of acts that create"},
      {"people.reverts", 0.15, 0, "share of values typed that an earlier value is typed again"},
      {"people.both_sides", 0.2, 0, "share of new contacts that two people enter on both sides at once"},
      {"people.messy", 0.2, 0, "share of values that are typed in a form of its own: case, spaces, phone formats"},
      {"people.tags", 0, 0.8, "share of edits of contacts that are about tags"},
      {"people.imports", 0, 0.04,
       "share of acts that bring in a list: new contacts, and one field of those that are there"},
      {"people.reacts", 0, 0.25,
       "chance that somebody at once edits what Lockstep has just written, where it wrote it"},
      {"people.takes_back", 0, 0.25, "chance that somebody soon types back what stood there before Lockstep wrote it"},
      {"people.forms", 0, 0.6, "chance that an edit is one of several fields at once, and again for each more"},
      {"people.dithers", 0, 0.3, "chance that somebody who gives or takes a tag undoes it within three seconds"},
      {"people.merges", 0, 0.06, "share of acts that merge two contacts in the CRM"},
      {"policy", 0, 0, "0 the CRM decides, 1 the database decides, 2 the latest wins"},
      {"oscillation.flips", 6, 0, "so many times a field goes back and forth in ten minutes until it is held"},
      {"mapping.late_city", 0, 0, "1: the field city is mapped only in the middle of the run"},
      // The network between Lockstep and the CRM; chances per call
      {"net.delay_ms", 80, 0, "mean delay of a call, each way"},
      {"net.refused", 0, 0.3, "no connection"},
      {"net.lost_request", 0, 0.15, "the call never arrives; known only when its time is over"},
      {"net.lost_answer", 0, 0.2, "the call is carried out, the connection is cut"},
      {"net.half_open", 0, 0.1, "the call is carried out, no answer comes until its time is over"},
      {"net.garbage", 0, 0.25, "the answer is cut short or another program's"},
      {"net.slow", 0, 0.2, "the answer takes up to 40 s"},
      // The CRM's own sins; chances per call or event
      {"crm.too_many_requests", 0, 0.2, "429 though there is budget"},
      {"crm.error_before_apply", 0, 0.2, "500, not carried out"},
      {"crm.error_after_apply", 0, 0.2, "500, carried out"},
      {"crm.created_but_refused", 0, 0.2, "422 though the contact was created"},
      {"crm.terse", 0, 0.3, "an update or a change of tags is answered with no more than that it succeeded"},
      {"crm.stale_search", 0, 0.2, "searches show an old state for up to a minute"},
      {"crm.index_lag_ms", 0, 5'000, "searches lag behind by up to this"},
      {"crm.burst", 100, 0, "calls per 10 s"},
      {"crm.app", 0, 0, "1: access by an installed app, whose tokens live for minutes and are exchanged for new ones"},
      {"crm.token_revoked", 0, 0.05, "the app's access token dies before its time"},
      {"crm.retry_any", 0, 0, "1: the CRM sends webhooks again after any failure, 0: only after a 429"},
      {"hook.delay_ms", 300, 0, "mean delay of a webhook"},
      {"hook.lost", 0, 0.4, "an event never leaves"},
      {"hook.doubled", 0, 0.4, "an event leaves twice"},
      {"hook.delayed", 0, 0.5, "an event leaves up to ten minutes late"},
      {"hook.undated", 0, 0.4, "an event does not say when it happened"},
      {"hook.answer_lost", 0, 0.2, "Lockstep's answer to a webhook does not arrive"},
      // Per minute of the run
      {"crash.kill", 0, 0.3, "the process is killed"},
      {"crash.power", 0, 0.3, "the machine loses power"},
      {"crash.mid_write", 0, 0.5, "the machine loses power in the middle of a write"},
      {"disk.full", 0, 0.2, "the disk is full for up to a minute"},
      {"db.held", 0, 0.3, "somebody's transaction holds the database up for up to half a minute"},
      {"crm.revoked", 0, 0.1, "the credentials are refused for up to three minutes"},
      {"crm.down", 0, 0.1, "the CRM can not be reached for up to five minutes"},
      {"clock.jump", 0, 0.2, "the process's wall clock jumps by up to a minute"},
      {"clock.ahead", 0, 0.2, "the process's wall clock is hours ahead for up to a minute"},
      // The operator's; per minute of the run
      {"op.pause", 0, 0.15, "writes to a system are paused for up to ten minutes"},
      {"op.reload", 0, 0.3, "the configuration is loaded again, with new settings of each system"},
      {"op.restore", 0, 0.06, "a backup is made, and put back up to ten minutes later"},
      {"op.guard", 0, 0, "1: a few deletes or rewrites are enough for the guard to ask"},
      // Chances per disk operation or job
      {"disk.slow", 0, 0.2, "a job with the disk takes up to two seconds"},
      {"disk.error", 0, 0.002, "an operation ends with an input/output error"},
  };
  return list;
}

Plan::Plan() {
  for (const PlanSwitch& one : switches()) values_.emplace(one.name, one.standard);
}

double Plan::get(std::string_view name) const {
  const auto at = values_.find(name);
  LOCKSTEP_ASSERT(at != values_.end(), "every switch is listed");
  return at->second;
}

void Plan::set(std::string_view name, double value) {
  const auto at = values_.find(name);
  LOCKSTEP_ASSERT(at != values_.end(), "every switch is listed");
  at->second = value;
}

Result<Plan> Plan::parse(std::string_view text) {
  Plan out;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++number;
    line = line.substr(0, line.find('#'));
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) continue;
    const std::size_t gap = line.find_first_of(" \t", first);
    const std::string_view name = line.substr(first, gap == std::string_view::npos ? gap : gap - first);
    const std::string where = "line " + std::to_string(number) + ": ";
    if (!out.values_.contains(name))
      return fail(ErrorKind::invalid, where + "there is no switch \"" + std::string(name) + "\"");
    const std::size_t begin = gap == std::string_view::npos ? gap : line.find_first_not_of(" \t", gap);
    if (begin == std::string_view::npos) return fail(ErrorKind::invalid, where + std::string(name) + " needs a number");
    double value = 0;
    const auto [rest, error] = std::from_chars(line.data() + begin, line.data() + line.size(), value);
    if (error != std::errc() || !std::isfinite(value) ||
        std::string_view(rest, line.data() + line.size()).find_first_not_of(" \t\r") != std::string_view::npos)
      return fail(ErrorKind::invalid, where + std::string(name) + " needs a number");
    out.set(name, value);
  }
  return out;
}

Plan Plan::swarm(std::uint64_t seed) {
  SeededRandom random(seed * 0x9E3779B97F4A7C15ULL + 11);
  Plan out;
  // One run in eight has no faults at all: what fails there is no fault's fault.
  const bool calm = random.below(8) == 0;
  for (const PlanSwitch& one : switches()) {
    if (one.swarm_most == 0) continue;
    const std::uint64_t drawn = random.below(6);
    if (calm || drawn < 4) continue;
    out.set(one.name, drawn == 4 ? one.swarm_most * 0.1 : one.swarm_most * random.fraction());
  }
  const std::uint64_t together = random.below(4 * kTogether.size());
  if (!calm && together < kTogether.size()) {
    for (const std::string_view name : kTogether[together]) {
      const auto one = std::ranges::find(switches(), name, &PlanSwitch::name);
      LOCKSTEP_ASSERT(one != switches().end(), "every switch is listed");
      out.set(name, one->swarm_most * (0.5 + 0.5 * random.fraction()));
    }
  }
  out.set("policy", static_cast<double>(random.below(3)));
  const bool busy = random.below(8) == 0;  // many work on the same few records all the time
  out.set("people.contacts", static_cast<double>(random.below(6)));
  out.set("people.deals", static_cast<double>(random.below(4)));
  out.set("people.things", static_cast<double>(1 + random.below(busy ? 3 : 6)));
  out.set("people.minutes", static_cast<double>(2 + random.below(busy ? 8 : 30)));
  out.set("people.moments", static_cast<double>(busy ? 60 : 5 + random.below(40)));
  out.set("people.crowd", busy ? 0.8 : random.fraction());
  if (busy) out.set("oscillation.flips", 1000);  // a field that is held can not be judged, and they would hold most
  out.set("people.deletes", random.below(2) == 0 ? 0 : 0.15 * random.fraction());
  out.set("people.reverts", random.below(2) == 0 ? 0 : 0.4 * random.fraction());
  out.set("people.messy", random.below(2) == 0 ? 0 : 0.5 * random.fraction());
  out.set("op.guard", random.below(4) == 0 ? 1 : 0);
  out.set("mapping.late_city", random.below(5) == 0 ? 1 : 0);
  out.set("crm.burst", random.below(3) == 0 ? 10 : 100);
  out.set("crm.app", random.below(3) == 0 ? 1 : 0);
  out.set("crm.retry_any", static_cast<double>(random.below(2)));
  out.set("net.delay_ms", random.below(3) == 0 ? 1'500 : 80);
  out.set("hook.delay_ms", random.below(3) == 0 ? 5'000 : 300);
  return out;
}

std::string Plan::text() const {
  std::string out;
  for (const PlanSwitch& one : switches()) {
    const double value = get(one.name);
    if (value == one.standard) continue;
    // The shortest text that is read as the same number: a plan that is written down replays exactly.
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out += std::string(one.name) + ' ' + std::string(digits.data(), end) + '\n';
  }
  return out;
}

}  // namespace lockstep::simulation
