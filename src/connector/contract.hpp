// What every connector must do, as one test body: run_connector_contract(fixture) from a GoogleTest case. Tests only.
//
// The fixture offers a started and migrated connector with one empty object that has two text fields, and edits
// that object behind the connector's back as another user of the system would.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "connector/connector.hpp"
#include "connector/driven_loop.hpp"
#include "connector/test_loop.hpp"

namespace lockstep::connector {

class ContractFixture {
 public:
  virtual ~ContractFixture() = default;
  virtual Connector& connector() = 0;
  virtual DrivenLoop& loop() = 0;
  virtual std::string object() = 0;
  // Two fields that hold texts, and a unique one when the system has such (else "").
  virtual std::string text_path() = 0;
  virtual std::string other_path() = 0;
  virtual std::string unique_path() { return ""; }
  // What every document needs so that find() knows it again, another one for each name; empty when the idempotency key
  // is enough.
  virtual JsonObject natural_key(const std::string& /*name*/) { return {}; }
  // The answer to a create that was done before: `duplicate` from a system that keeps no idempotency key.
  virtual sync::OutcomeKind repeated_create() { return sync::OutcomeKind::applied; }
  // An id in the system's form that no object has.
  virtual std::string unknown_id() = 0;
  // A document that the system refuses for good; null when there is none.
  virtual Json bad_document() { return nullptr; }

  // Edits by somebody else.
  virtual std::string foreign_create(const Json& document) = 0;
  virtual void foreign_update(const std::string& external_id, const Json& document) = 0;
  virtual void foreign_remove(const std::string& external_id) = 0;
};

// Keeps what a capture delivers; says "durable" at once unless told to hold.
class RecordingSink final : public CaptureSink {
 public:
  void deliver(std::vector<sync::Change> changes, std::move_only_function<void(Result<void>)> durable) override {
    ++deliveries;
    for (auto& change : changes) {
      auto& version = versions[{change.object, change.external_id}];
      EXPECT_GE(change.version, version) << "versions of one object never go back";
      version = std::max(version, change.version);
      seen.push_back(std::move(change));
    }
    answer(std::move(durable));
  }
  void lost(std::string reason, std::move_only_function<void(Result<void>)> durable) override {
    losses.push_back(std::move(reason));
    answer(std::move(durable));
  }
  void status(std::string text) override { statuses.push_back(std::move(text)); }

  // The newest change of an object, or nullptr.
  const sync::Change* last(const std::string& external_id) const {
    const auto found =
        std::find_if(seen.rbegin(), seen.rend(), [&](const auto& change) { return change.external_id == external_id; });
    return found == seen.rend() ? nullptr : &*found;
  }

  std::vector<sync::Change> seen;
  std::map<std::pair<std::string, std::string>, sync::Version> versions;
  std::vector<std::string> losses;
  std::vector<std::string> statuses;
  std::size_t deliveries = 0;
  bool holding = false;
  std::vector<std::move_only_function<void(Result<void>)>> held;

 private:
  void answer(std::move_only_function<void(Result<void>)> durable) {
    if (holding) {
      held.push_back(std::move(durable));
    } else {
      durable(Result<void>());
    }
  }
};

class ConnectorContract {
 public:
  explicit ConnectorContract(ContractFixture& fixture)
      : fixture_(fixture),
        connector_(fixture.connector()),
        loop_(fixture.loop()),
        a_(fixture.text_path()),
        b_(fixture.other_path()) {}

  void run() {
    describes_itself();
    creates_updates_and_removes();
    creates_once();
    answers_for_unknown_ids();
    swaps_only_what_was_compared();
    refuses_only_the_bad_row();
    finds_what_holds_a_unique_value();
    pulls_every_object_once();
    captures_everybodys_edits();
  }

 private:
  WriteRequest request(sync::WriteKind kind, std::string external_id, Json document, Json expected = nullptr) {
    WriteRequest request;
    request.record = RecordId("r" + std::to_string(++last_record_));
    request.object = fixture_.object();
    request.kind = kind;
    request.external_id = std::move(external_id);
    request.document = std::move(document);
    request.expected = std::move(expected);
    if (kind == sync::WriteKind::create) request.idempotency_key = "create-" + request.record.str();
    return request;
  }
  // The fields, and what makes the object known again under this name.
  Json document(const std::string& name, JsonObject fields) {
    for (const auto& member : fixture_.natural_key(name)) fields[member.key()] = member.value();
    return fields;
  }
  std::vector<WriteResult> write(std::vector<WriteRequest> requests) {
    const std::size_t size = requests.size();
    auto results = loop_.run(connector_.write(std::move(requests)));
    EXPECT_EQ(results->size(), size) << "one result per request";
    results->resize(size);
    return std::move(*results);
  }
  WriteResult write_one(WriteRequest one) {
    std::vector<WriteRequest> requests;
    requests.push_back(std::move(one));
    return write(std::move(requests)).front();
  }
  std::optional<sync::Change> fetch(const std::string& external_id) {
    auto fetched = loop_.run(connector_.fetch(fixture_.object(), external_id, sync::WorkClass::live));
    EXPECT_TRUE(fetched->has_value()) << (fetched->has_value() ? "" : fetched->error().message);
    return fetched->has_value() ? std::move(**fetched) : std::nullopt;
  }
  static std::string text(const Json& document, const std::string& path) {
    return std::string(string_member(document, path));
  }

  void describes_itself() {
    SCOPED_TRACE("describes itself");
    EXPECT_FALSE(connector_.capabilities().kind.empty());
    EXPECT_FALSE(connector_.capabilities().objects.empty());
    EXPECT_GE(connector_.capabilities().write_batch_limit, 1U);
    const auto lines = loop_.run(connector_.check());
    EXPECT_FALSE(lines->empty());
    for (const auto& line : *lines) EXPECT_NE(line.level, CheckLine::Level::problem) << line.what;
    const auto again = loop_.run(connector_.migrate());
    ASSERT_TRUE(again->has_value()) << again->error().message;
    EXPECT_TRUE((*again)->empty()) << "a second migration finds nothing to do: " << (*again)->front();
  }

  void creates_updates_and_removes() {
    SCOPED_TRACE("creates, updates, removes");
    const WriteResult created =
        write_one(request(sync::WriteKind::create, "", document("one", {{a_, "one"}, {b_, "x"}})));
    ASSERT_EQ(created.kind, sync::OutcomeKind::applied) << created.reason;
    ASSERT_FALSE(created.external_id.empty());
    auto there = fetch(created.external_id);
    ASSERT_TRUE(there);
    EXPECT_EQ(there->external_id, created.external_id);
    EXPECT_EQ(text(there->document, a_), "one");
    EXPECT_EQ(text(there->document, b_), "x");

    const WriteResult updated =
        write_one(request(sync::WriteKind::update, created.external_id, {{a_, "two"}}, {{a_, "one"}}));
    ASSERT_EQ(updated.kind, sync::OutcomeKind::applied) << updated.reason;
    EXPECT_GE(updated.version, created.version);
    if (updated.state) {
      EXPECT_EQ(text(*updated.state, a_), "two");
    }
    there = fetch(created.external_id);
    ASSERT_TRUE(there);
    EXPECT_EQ(text(there->document, a_), "two");
    EXPECT_EQ(text(there->document, b_), "x") << "L2: what is not written stays";

    const WriteResult removed =
        write_one(request(sync::WriteKind::remove, created.external_id, nullptr, {{a_, "two"}}));
    EXPECT_EQ(removed.kind, sync::OutcomeKind::applied) << removed.reason;
    EXPECT_FALSE(fetch(created.external_id));
  }

  void creates_once() {
    SCOPED_TRACE("X1: a create that is sent again creates nothing");
    const WriteRequest create = request(sync::WriteKind::create, "", document("once", {{a_, "once"}, {b_, "x"}}));
    auto before = loop_.run(connector_.find(create));
    ASSERT_TRUE(before->has_value()) << before->error().message;
    EXPECT_FALSE((*before)->has_value());
    const WriteResult first = write_one(create);
    const WriteResult second = write_one(create);
    ASSERT_EQ(first.kind, sync::OutcomeKind::applied) << first.reason;
    ASSERT_EQ(second.kind, fixture_.repeated_create()) << second.reason;
    EXPECT_EQ(first.external_id, second.external_id);
    loop_.run_for(connector_.capabilities().find_settles);
    auto after = loop_.run(connector_.find(create));
    ASSERT_TRUE(after->has_value() && (*after)->has_value());
    EXPECT_EQ((**after)->external_id, first.external_id);
    // By a natural key something else can be found, by the idempotency key only what the create has made.
    EXPECT_EQ((**after)->maker == Maker::us, fixture_.natural_key("once").empty());
    write_one(request(sync::WriteKind::remove, first.external_id, nullptr));
  }

  void answers_for_unknown_ids() {
    SCOPED_TRACE("unknown ids");
    EXPECT_FALSE(fetch(fixture_.unknown_id()));
    EXPECT_EQ(write_one(request(sync::WriteKind::update, fixture_.unknown_id(), {{a_, "x"}}, {{a_, "y"}})).kind,
              sync::OutcomeKind::not_found);
    EXPECT_EQ(write_one(request(sync::WriteKind::remove, fixture_.unknown_id(), nullptr)).kind,
              sync::OutcomeKind::not_found);
  }

  void swaps_only_what_was_compared() {
    if (!connector_.capabilities().compares_and_swaps) return;
    SCOPED_TRACE("L1: an edit that was not seen is not overwritten");
    const std::string id = fixture_.foreign_create(document("mine", {{a_, "mine"}, {b_, "x"}}));
    const WriteResult refused = write_one(request(sync::WriteKind::update, id, {{a_, "new"}}, {{a_, "old"}}));
    ASSERT_EQ(refused.kind, sync::OutcomeKind::conflict) << refused.reason;
    ASSERT_TRUE(refused.state);
    EXPECT_EQ(text(*refused.state, a_), "mine");
    EXPECT_GT(refused.version, 0U);
    EXPECT_EQ(write_one(request(sync::WriteKind::remove, id, nullptr, {{a_, "old"}})).kind,
              sync::OutcomeKind::conflict);
    EXPECT_EQ(text(fetch(id)->document, a_), "mine");
    EXPECT_EQ(write_one(request(sync::WriteKind::update, id, {{a_, "new"}}, {{a_, "mine"}})).kind,
              sync::OutcomeKind::applied);
    fixture_.foreign_remove(id);
  }

  void refuses_only_the_bad_row() {
    if (fixture_.bad_document().is_null() || connector_.capabilities().write_batch_limit < 3) return;
    SCOPED_TRACE("one bad row in a batch");
    std::vector<WriteRequest> requests;
    requests.push_back(request(sync::WriteKind::create, "", document("good 1", {{a_, "good 1"}, {b_, "x"}})));
    requests.push_back(request(sync::WriteKind::create, "", fixture_.bad_document()));
    requests.push_back(request(sync::WriteKind::create, "", document("good 2", {{a_, "good 2"}, {b_, "x"}})));
    const auto results = write(std::move(requests));
    EXPECT_EQ(results[0].kind, sync::OutcomeKind::applied) << results[0].reason;
    EXPECT_EQ(results[1].kind, sync::OutcomeKind::rejected) << results[1].reason;
    EXPECT_FALSE(results[1].reason.empty());
    EXPECT_EQ(results[2].kind, sync::OutcomeKind::applied) << results[2].reason;
    for (const auto& result : results) {
      if (result.kind == sync::OutcomeKind::applied) fixture_.foreign_remove(result.external_id);
    }
  }

  void finds_what_holds_a_unique_value() {
    const std::string unique = fixture_.unique_path();
    if (unique.empty()) return;
    SCOPED_TRACE("a create meets an object that has the same unique value");
    const std::string id = fixture_.foreign_create({{unique, "taken@example.com"}});
    const WriteResult result =
        write_one(request(sync::WriteKind::create, "", {{unique, "taken@example.com"}, {a_, "x"}}));
    EXPECT_EQ(result.kind, sync::OutcomeKind::duplicate) << result.reason;
    EXPECT_EQ(result.external_id, id);
    fixture_.foreign_remove(id);
  }

  void pulls_every_object_once() {
    SCOPED_TRACE("pull");
    std::set<std::string> made;
    for (int i = 0; i < 7; ++i) {
      const std::string name = "pulled " + std::to_string(i);
      made.insert(fixture_.foreign_create(document(name, {{a_, name}, {b_, "x"}})));
    }
    std::set<std::string> pulled;
    PullRequest pull;
    pull.object = fixture_.object();
    pull.page_limit = 3;
    for (int pages = 0; pages < 10; ++pages) {
      auto page = loop_.run(connector_.pull(pull));
      ASSERT_TRUE(page->has_value()) << page->error().message;
      EXPECT_LE((*page)->changes.size(), 3U);
      for (const auto& change : (*page)->changes) {
        EXPECT_TRUE(pulled.insert(change.external_id).second) << "a page repeats an object";
        EXPECT_EQ(change.object, fixture_.object());
        EXPECT_TRUE(text(change.document, a_).starts_with("pulled "));
      }
      EXPECT_EQ((*page)->total.value_or(7), 7U);
      if ((*page)->last) break;
      pull.cursor = (*page)->cursor;
    }
    EXPECT_EQ(pulled, made);
    for (const auto& id : made) fixture_.foreign_remove(id);
  }

  void captures_everybodys_edits() {
    if (!connector_.capabilities().captures) return;
    SCOPED_TRACE("capture");
    RecordingSink sink;
    connector_.capture(sink);
    const auto shows = [&](const std::string& id, const std::string& value) {
      return loop_.drive_until([&] {
        const auto* last = sink.last(id);
        return last != nullptr && last->kind == sync::ChangeKind::upserted && text(last->document, a_) == value;
      });
    };
    const std::string theirs = fixture_.foreign_create(document("theirs", {{a_, "f1"}, {b_, "x"}}));
    EXPECT_TRUE(shows(theirs, "f1"));
    fixture_.foreign_update(theirs, {{a_, "f2"}});
    EXPECT_TRUE(shows(theirs, "f2"));

    const WriteResult ours = write_one(request(sync::WriteKind::create, "", document("ours", {{a_, "o1"}, {b_, "x"}})));
    EXPECT_TRUE(shows(ours.external_id, "o1")) << "our own writes are seen too: they are recognised by content";
    const WriteResult again = write_one(request(sync::WriteKind::update, theirs, {{a_, "o2"}}, {{a_, "f2"}}));
    EXPECT_EQ(again.kind, sync::OutcomeKind::applied) << again.reason;
    EXPECT_TRUE(shows(theirs, "o2"));
    fixture_.foreign_update(theirs, {{a_, "f3"}});
    EXPECT_TRUE(shows(theirs, "f3"));
    EXPECT_GT(sink.last(theirs)->version, again.version) << "an edit after our write is newer than the write";

    fixture_.foreign_remove(theirs);
    EXPECT_TRUE(loop_.drive_until([&] {
      const auto* last = sink.last(theirs);
      return last != nullptr && last->kind == sync::ChangeKind::deleted;
    }));
    EXPECT_TRUE(sink.losses.empty()) << sink.losses.front();
    EXPECT_FALSE(sink.statuses.empty());
    loop_.run(connector_.stop());
  }

  ContractFixture& fixture_;
  Connector& connector_;
  DrivenLoop& loop_;
  std::string a_, b_;
  int last_record_ = 0;
};

// Ends with the connector stopped when it captures.
inline void run_connector_contract(ContractFixture& fixture) { ConnectorContract(fixture).run(); }

}  // namespace lockstep::connector
