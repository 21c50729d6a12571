// For the connector's tests: settings with a mapping, a scripted HttpPort, and everything else on simulated time.
#pragma once

#include <deque>
#include <memory>

#include "connector/manual_loop.hpp"
#include "connector/test_loop.hpp"
#include "connectors/gohighlevel/go_high_level.hpp"

namespace lockstep::gohighlevel {

inline constexpr const char* kTestLocation = "testLocation00000001";

// One entity per object, each mapping these paths.
struct TestMapping {
  std::vector<std::string> contact = {"firstName", "lastName", "email", "phone", "tags", "customFields.loyalty"};
  std::vector<std::string> opportunity = {"name",      "status",     "monetaryValue",
                                          "contactId", "pipelineId", "customFields.order_number"};
  std::vector<sync::EntitySchema> entities;

  connector::SystemSettings settings(JsonObject values) {
    entities.clear();
    entities.push_back(entity("contact", contact));
    entities.push_back(entity("opportunity", opportunity));
    connector::SystemSettings out{SourceId("acme"), SystemName("crm"), std::move(values), {}};
    for (const auto& one : entities) out.entities.push_back(&one);
    return out;
  }
  static sync::EntitySchema entity(const std::string& object, const std::vector<std::string>& paths) {
    sync::EntitySchema out;
    out.name = EntityName(object);
    sync::SystemBinding binding;
    binding.system = SystemName("crm");
    binding.object = object;
    for (const std::string& path : paths) {
      sync::FieldBinding field;
      field.field = path;
      field.path = path;
      binding.fields.push_back(std::move(field));
    }
    out.systems.push_back(std::move(binding));
    return out;
  }
};

inline JsonObject token_settings() { return {{"location_id", kTestLocation}, {"token", "pit-test"}}; }
inline JsonObject oauth_settings() {
  return {{"location_id", kTestLocation},
          {"oauth", JsonObject{{"client_id", "app1-x"}, {"client_secret", "s"}, {"refresh_token", "first"}}}};
}

inline wire::HttpResponse json_response(unsigned status, const Json& body, wire::HttpHeaders headers = {}) {
  return {status, std::move(headers), to_text(body)};
}

// Answers in the order of the script; a call that the script does not expect fails the test through `surprises`.
class ScriptedHttp final : public connector::HttpPort {
 public:
  using Reply = Result<wire::HttpResponse>;

  explicit ScriptedHttp(Loop& loop) : loop_(loop) {}

  // `what`: "PUT /contacts/c1", compared with the beginning of method and target.
  void expect(std::string what, Reply reply) { script_.push_back({std::move(what), std::move(reply)}); }
  void expect(std::string what, unsigned status, const Json& body, wire::HttpHeaders headers = {}) {
    expect(std::move(what), json_response(status, body, std::move(headers)));
  }

  Task<Reply> send(connector::HttpCall call) override {
    const std::string what = call.request.method + " " + call.request.target;
    calls.push_back(call);
    co_await connector::sleep_for(loop_, latency);
    if (script_.empty() || !what.starts_with(script_.front().what)) {
      surprises.push_back(what + (script_.empty() ? "" : " instead of " + script_.front().what));
      co_return fail(ErrorKind::invalid, "not in the script");
    }
    Reply reply = std::move(script_.front().reply);
    script_.pop_front();
    co_return reply;
  }

  Json body(std::size_t call) const { return *parse_json(calls.at(call).request.body); }
  std::string what(std::size_t call) const {
    return calls.at(call).request.method + " " + calls.at(call).request.target;
  }
  bool done() const { return script_.empty() && surprises.empty(); }

  std::vector<connector::HttpCall> calls;
  std::vector<std::string> surprises;
  Duration latency = std::chrono::milliseconds(10);

 private:
  struct Step {
    std::string what;
    Reply reply;
  };
  Loop& loop_;
  std::deque<Step> script_;
};

// State that can refuse to be written.
class FlakyState final : public connector::StatePort {
 public:
  Task<Result<Json>> get(std::string key) override {
    const auto found = values.find(key);
    Json value = found == values.end() ? Json() : found->second;
    co_return value;
  }
  Task<Result<void>> put(std::string key, Json value) override {
    if (failing) co_return fail(ErrorKind::unavailable, "the disk is full");
    values[key] = std::move(value);
    co_return Result<void>();
  }
  std::map<std::string, Json> values;
  bool failing = false;
};

class RecordingLog final : public Log {
 public:
  void write(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
    std::string line(event);
    for (const LogField& field : fields) line += " " + std::string(field.key()) + "=" + field.value();
    lines.push_back(std::move(line));
  }
  std::string all() const {
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
  }
  std::vector<std::string> lines;
};

// A connector on a scripted remote. The custom fields "loyalty" (id f1, TEXT) and "order_number" (id o1) are known.
struct TestBench {
  explicit TestBench(JsonObject settings = token_settings(), TestMapping mapping_ = {}) : mapping(std::move(mapping_)) {
    state.values["custom_fields"] = *parse_json(
        R"({"location":"testLocation00000001",
            "contact":{"fields":[{"id":"f1","key":"loyalty","name":"Loyalty","type":"TEXT"},{"id":"f2","key":"score","name":"Score","type":"NUMERICAL"}],"former":{}},
            "opportunity":{"fields":[{"id":"o1","key":"order_number","name":"Order","type":"TEXT"}],"former":{}}})");
    connector::Ports ports;
    ports.http = &http;
    ports.state = &state;
    ports.loop = &loop;
    ports.random = &random;
    ports.log = &log;
    auto made = GoHighLevel::make(mapping.settings(std::move(settings)), ports);
    LOCKSTEP_ASSERT(made.has_value(), "the test's settings are fine");
    crm = std::move(*made);
  }

  // As after a start, without the calls of one: kept catalog and tokens are loaded.
  void start() {
    http.expect("GET /locations/testLocation00000001/customFields?model=all",
                fail(ErrorKind::unavailable, "no need for it: the kept catalog is used"));
    const auto started = loop.run(crm->start());
    LOCKSTEP_ASSERT(started.has_value(), "start with a kept catalog");
    http.calls.clear();
  }

  connector::WriteResult write(connector::WriteRequest request) {
    auto results = loop.run(crm->write({std::move(request)}));
    LOCKSTEP_ASSERT(results.size() == 1, "one result per request");
    return std::move(results.front());
  }

  TestMapping mapping;
  connector::ManualLoop loop;
  ScriptedHttp http{loop};
  FlakyState state;
  SeededRandom random{1};
  RecordingLog log;
  std::unique_ptr<connector::Connector> crm;
};

inline connector::WriteRequest contact_update(Json document, Json expected) {
  connector::WriteRequest out;
  out.record = RecordId("r1");
  out.object = kContact;
  out.kind = sync::WriteKind::update;
  out.external_id = "c1";
  out.document = std::move(document);
  out.expected = std::move(expected);
  return out;
}

inline connector::WriteRequest contact_create(Json document) {
  connector::WriteRequest out;
  out.record = RecordId("r1");
  out.object = kContact;
  out.kind = sync::WriteKind::create;
  out.document = std::move(document);
  return out;
}

}  // namespace lockstep::gohighlevel
