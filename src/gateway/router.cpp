#include "gateway/router.hpp"

#include <algorithm>

#include "gateway/problem.hpp"

namespace lockstep::gateway {
namespace {

constexpr std::size_t kParameterBytesLimit = 200;

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> out;
  std::size_t at = 1;
  while (at <= path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    out.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

bool is_parameter(const std::string& segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// Names and ids are short ASCII; anything else is nothing we know, and is not repeated in an answer.
bool is_plain(std::string_view value) {
  return value.size() <= kParameterBytesLimit && std::ranges::all_of(value, [](char c) { return c > ' ' && c < 127; });
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
             std::map<std::string, std::string, std::less<>>& parameters) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_parameter(pattern[i])) {
      if (path[i].empty()) return false;
      std::string value = wire::percent_decode(path[i]);
      if (!is_plain(value)) return false;
      parameters[pattern[i].substr(1, pattern[i].size() - 2)] = std::move(value);
    } else if (pattern[i] != path[i]) {
      return false;
    }
  }
  return true;
}

bool allowed(const Caller& caller, Needs needs, const SourceId& source) {
  switch (needs) {
    case Needs::nothing:
    case Needs::caller: return true;
    case Needs::reader: return caller.may_read(source);
    case Needs::editor: return caller.may_edit(source);
    case Needs::reader_of_some: return caller.may_see(source);
    case Needs::editor_of_some: return caller.may_edit(source) || caller.businesses_in(source) != nullptr;
    case Needs::operator_: return caller.may_operate(source);
    case Needs::administrator: return caller.may_administer();
  }
  return false;
}

wire::HttpResponse forbidden() {
  return problem({ErrorKind::unauthorized, "the key or token does not allow this: ask for a role that does", {}}, 403);
}

}  // namespace

SourceId Call::source() const { return SourceId(std::string(parameter("source"))); }

std::string_view Call::parameter(std::string_view name) const {
  const auto at = parameters.find(name);
  return at == parameters.end() ? std::string_view() : std::string_view(at->second);
}

void Router::add(Route route) {
  segments_.push_back(split_path(route.pattern));
  routes_.push_back(std::move(route));
}

void Router::handle(net::ServerRequest request, std::shared_ptr<net::Exchange> exchange) const {
  auto call = std::make_shared<Call>();
  const std::string_view raw_path =
      std::string_view(request.request.target).substr(0, request.request.target.find('?'));
  const std::vector<std::string> path = split_path(raw_path);
  call->target = wire::parse_target(request.request.target);
  call->request = std::move(request);
  call->exchange = std::move(exchange);
  std::string other_methods;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    call->parameters.clear();
    if (!matches(segments_[i], path, call->parameters)) continue;
    const Route& route = routes_[i];
    if (route.method != call->request.request.method) {
      other_methods += (other_methods.empty() ? "" : ", ") + route.method;
      continue;
    }
    if (route.needs != Needs::nothing) {
      Result<Caller> caller = access_.identify(call->request.request.headers, clock_.now());
      if (!caller) return call->answer(problem(caller.error()));
      call->caller = std::move(*caller);
      // A source that the caller may not see answers like one that is not there would to it: 403 in both cases.
      if (!allowed(call->caller, route.needs, call->source())) return call->answer(forbidden());
      if (call->parameters.contains("source") && !knows_source_(call->source())) {
        return call->answer(problem({ErrorKind::not_found, "there is no such source", {}}));
      }
    }
    return route.run(std::move(call));
  }
  if (!other_methods.empty()) {
    wire::HttpResponse response = problem({ErrorKind::invalid, "this address answers to " + other_methods, {}}, 405);
    response.headers.add("Allow", other_methods);
    return call->answer(std::move(response));
  }
  call->answer(problem({ErrorKind::not_found, "there is nothing at this address", {}}));
}

}  // namespace lockstep::gateway
