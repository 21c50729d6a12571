// A context for the tests of commands: scripted answers, captured output.
#pragma once

#include <CLI/CLI.hpp>
#include <deque>
#include <sstream>

#include "app/commands/context.hpp"
#include "app/config/fake_factories.hpp"

namespace lockstep::app {

// What was sent, and what to answer, in order.
struct Script {
  std::deque<Result<wire::HttpResponse>> answers;
  std::vector<wire::HttpRequest> requests;
  std::vector<std::string> origins;
  std::size_t pauses = 0;

  void answer(unsigned status, std::string body) {
    wire::HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    answers.push_back(std::move(response));
  }
};

class ScriptedTransport final : public ApiTransport {
 public:
  explicit ScriptedTransport(Script& script) : script_(script) {}
  Result<wire::HttpResponse> send(wire::HttpRequest request) override {
    script_.requests.push_back(std::move(request));
    if (script_.answers.empty()) return fail(ErrorKind::unavailable, "nobody answers");
    auto answer = std::move(script_.answers.front());
    script_.answers.pop_front();
    return answer;
  }
  void pause(Duration) override { ++script_.pauses; }

 private:
  Script& script_;
};

// Says for each system what the test prepared under its name.
class ScriptedSystems final : public SystemOpener {
 public:
  std::map<std::string, Result<std::vector<connector::CheckLine>>> checks;
  std::map<std::string, Result<std::vector<std::string>>> migrations;
  std::map<std::string, Result<std::vector<std::string>>> tables;

  Result<std::vector<connector::CheckLine>> check(const SystemConfig& system) override {
    return checks.at(system.settings.system.str());
  }
  Result<std::vector<std::string>> migrate(const SystemConfig& system) override {
    return migrations.at(system.settings.system.str());
  }
  Result<std::vector<std::string>> read(const SystemConfig&, const connector::TableRead& read) override {
    return tables.at(read.relation);
  }
};

class FakeContext {
 public:
  FixedEnvironment environment;
  Script script;
  ScriptedSystems systems;
  std::string secret = "what was typed in";

  std::string out() const { return out_text_.str(); }
  std::string err() const { return err_text_.str(); }

  // Runs `lockstep <arguments>` with the commands that `add` adds.
  ExitCode run(const std::function<void(CLI::App&, CommandContext&, CommandAction&)>& add, const std::string& arguments,
               Audience audience = Audience::program) {
    Terminal out(out_text_, audience, 80), err(err_text_, audience, 80);
    const auto factories = fake_factories();
    CommandContext context{.out = out,
                           .err = err,
                           .environment = environment,
                           .factories = factories,
                           .connect = [this](const std::string& origin) -> Result<std::unique_ptr<ApiTransport>> {
                             script.origins.push_back(origin);
                             return std::make_unique<ScriptedTransport>(script);
                           },
                           .open_systems = [this](const Config&) -> Result<std::unique_ptr<SystemOpener>> {
                             return std::make_unique<ScriptedSystems>(systems);
                           },
                           .read_secret = [this](const std::string&) -> Result<std::string> { return secret; }};
    CLI::App app;
    CommandAction action;
    add(app, context, action);
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      err_text_ << error.what();
      return ExitCode::bad_input;
    }
    return action();
  }

 private:
  std::ostringstream out_text_;
  std::ostringstream err_text_;
};

}  // namespace lockstep::app
