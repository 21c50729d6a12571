// For the sandbox's tests: one sandbox with a clock of its own, and calls in one line.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "connectors/gohighlevel/sandbox/sandbox.hpp"

namespace lockstep::gohighlevel::sandbox {

struct TestReply {
  unsigned status = 0;
  Json body;
  wire::HttpHeaders headers;
  SandboxReply::Delivery delivery = SandboxReply::Delivery::answer;
  Duration delay{};

  std::string text(std::string_view member) const { return std::string(string_member(body, member)); }
  // "a.b.0.c"
  const Json& at(std::string_view path) const {
    const Json* value = &body;
    while (!path.empty()) {
      const auto end = path.find('.');
      const std::string key(path.substr(0, end));
      path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
      value = value->is_array() ? &value->get_array().at(std::stoul(key)) : &value->get_object().at(key);
    }
    return *value;
  }
  bool has(std::string_view path) const {
    const auto end = path.rfind('.');
    const Json& owner = end == std::string_view::npos ? body : at(path.substr(0, end));
    return find_member(owner, end == std::string_view::npos ? path : path.substr(end + 1)) != nullptr;
  }
};

class SandboxTest : public ::testing::Test {
 protected:
  static constexpr std::string_view kLocation = "sandboxLocation00001";

  explicit SandboxTest(SandboxSettings settings = roomy()) : sandbox_(std::move(settings), clock_, random_) {}

  // The demo settings with a quota that tests of other things do not meet.
  static SandboxSettings roomy() {
    SandboxSettings settings = SandboxSettings::demo();
    settings.quota.burst = 1'000'000;
    return settings;
  }

  TestReply send(std::string method, std::string target, std::string body, wire::HttpHeaders headers) {
    const SandboxReply reply =
        sandbox_.handle({std::move(method), std::move(target), std::move(headers), std::move(body)});
    TestReply out{reply.response.status, nullptr, reply.response.headers, reply.delivery, reply.delay};
    if (auto parsed = parse_json(reply.response.body, {64 << 20, 32})) out.body = std::move(*parsed);
    return out;
  }
  TestReply api(std::string method, std::string target, std::string_view body = "") {
    return send(
        std::move(method), std::move(target), std::string(body),
        {{"Authorization", "Bearer " + token_}, {"Version", "2021-07-28"}, {"Content-Type", "application/json"}});
  }
  TestReply control(std::string method, std::string path, std::string_view body = "") {
    return send(std::move(method), "/_sandbox/" + path, std::string(body), {});
  }
  // {"locationId": the location, <members>}
  static std::string with_location(std::string_view members) {
    return R"({"locationId":")" + std::string(kLocation) + "\"" + (members.empty() ? "" : ",") + std::string(members) +
           "}";
  }
  std::string create_contact(std::string_view members) {
    const TestReply reply = api("POST", "/contacts/", with_location(members));
    EXPECT_EQ(reply.status, 201u) << to_text(reply.body);
    return reply.status == 201 ? std::string(reply.at("contact.id").get_string()) : std::string();
  }

  ManualClock clock_;
  SeededRandom random_{42};
  std::string token_ = "pit-sandbox";
  Sandbox sandbox_;
};

}  // namespace lockstep::gohighlevel::sandbox
