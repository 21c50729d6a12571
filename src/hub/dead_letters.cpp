#include "hub/dead_letters.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "hub/people_job.hpp"
#include "store/record_search.hpp"

namespace lockstep::hub {
namespace {

// Members of an e-mail address, an id, a number: what a word is beyond its punctuation.
bool is_word(char c) { return std::string_view(" \t\r\n,;:()[]{}<>\"'=").find(c) == std::string_view::npos; }

std::string common_word(std::string_view word) {
  constexpr std::size_t id_length = 16;
  const bool digits = std::ranges::any_of(word, [](char c) { return c >= '0' && c <= '9'; });
  if (word.find('@') != std::string_view::npos || (digits && word.size() >= id_length)) return "…";
  std::string out;
  for (const char c : word) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) out += c;
    if (digit && !out.ends_with('#')) out += '#';
  }
  return out;
}

Task<Result<store::Page<sync::OutboxRow>>> page_of(PeopleContext& context, SourceId source, SystemName system,
                                                   std::string after) {
  store::OutboxFilter filter;
  filter.state = sync::OutboxState::dead;
  if (!system.empty()) filter.system = system;
  Reads::Query<Result<store::Page<sync::OutboxRow>>> query =
      [source, filter, after, limit = context.limits.dead_letter_page](store::Reader& reader) {
        return reader.outbox(source, filter, {after, limit});
      };
  co_return co_await context.reads.ask(std::move(query));
}

}  // namespace

std::string common_text(std::string_view error) {
  constexpr std::size_t text_limit = 300;
  std::string out;
  for (std::size_t at = 0; at < error.size() && out.size() < text_limit;) {
    std::size_t end = at;
    while (end < error.size() && is_word(error[end])) ++end;
    if (end > at) out += common_word(error.substr(at, end - at));
    if (end < error.size()) out += error[end];
    at = end + 1;
  }
  if (out.size() <= text_limit) return out;
  std::size_t cut = text_limit;
  while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0) == 0x80) --cut;  // not inside a character
  return out.substr(0, cut);
}

bool matches(const sync::OutboxRow& row, const DeadLetterFilter& filter) {
  if (filter.system && row.key.system != *filter.system) return false;
  if (filter.error_kind && row.error_kind != *filter.error_kind) return false;
  if (filter.since_before && row.since >= *filter.since_before) return false;
  if (filter.since_after && row.since < *filter.since_after) return false;
  if (filter.error.empty()) return true;
  const std::string wanted = store::fold_case(filter.error);
  return store::fold_case(row.error).find(wanted) != std::string::npos ||
         store::fold_case(common_text(row.error)).find(wanted) != std::string::npos;
}

Task<Result<DeadLetterGroups>> group_dead_letters(PeopleContext& context, SourceId source, DeadLetterFilter filter) {
  std::map<std::tuple<SystemName, ErrorKind, std::string>, DeadLetterGroup> groups;
  DeadLetterGroups out;
  std::string after;
  do {
    Result<store::Page<sync::OutboxRow>> page =
        co_await page_of(context, source, filter.system.value_or(SystemName()), after);
    if (!page) co_return fail(page.error());
    after = page->next;
    for (const sync::OutboxRow& row : page->items) {
      if (!matches(row, filter)) continue;
      std::string text = common_text(row.error);
      const auto key = std::tuple(row.key.system, row.error_kind, text);
      const auto at = groups.find(key);
      if (at != groups.end()) {
        ++at->second.count;
        at->second.first = std::min(at->second.first, row.since);
        at->second.last = std::max(at->second.last, row.since);
      } else if (groups.size() < context.limits.dead_letter_groups) {
        groups.emplace(key, DeadLetterGroup{row.key.system, row.error_kind, std::move(text), 1, row.since, row.since,
                                            row.key.record});
      } else {
        ++out.others;
      }
    }
  } while (!after.empty() && !context.stopping());
  for (auto& [key, group] : groups) out.groups.push_back(std::move(group));
  // Not stable_sort: this library's is not accepted by clang.
  std::ranges::sort(out.groups, [](const DeadLetterGroup& a, const DeadLetterGroup& b) {
    return std::tie(b.count, a.system, a.error_kind, a.error) < std::tie(a.count, b.system, b.error_kind, b.error);
  });
  co_return out;
}

Task<Result<DeadLettersDone>> work_dead_letters(PeopleContext& context, SourceId source, DeadLetterOrder order) {
  DeadLettersDone out;
  std::string after;
  do {
    Result<store::Page<sync::OutboxRow>> page =
        co_await page_of(context, source, order.filter.system.value_or(SystemName()), after);
    if (!page) co_return fail(page.error());
    after = page->next;
    std::vector<sync::Input> inputs;
    std::vector<RecordId> records;
    for (const sync::OutboxRow& row : page->items) {
      if (!matches(row, order.filter)) continue;
      ++out.matched;
      records.push_back(row.key.record);
      if (order.action == DeadLetterAction::retry)
        inputs.emplace_back(sync::Retry{source, row.key.system, row.key.record, order.actor});
      if (order.action == DeadLetterAction::discard)
        inputs.emplace_back(sync::Discard{source, row.key.system, row.key.record, order.reason, order.actor});
    }
    if (inputs.empty()) continue;
    Result<std::vector<sync::Applied>> applied = co_await commit_inputs(context, source, std::move(inputs), {});
    if (!applied) co_return fail(applied.error());
    for (std::size_t i = 0; i < applied->size(); ++i) {
      const sync::Applied& one = (*applied)[i];
      if (!one.error) {
        ++out.done;
      } else if (++out.refused_count <= context.limits.refused_listed) {
        out.refused.push_back({records[i], one.error->message});
      }
    }
  } while (!after.empty() && !context.stopping());
  co_return out;
}

}  // namespace lockstep::hub
