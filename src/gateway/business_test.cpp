// Two businesses in one source: each sees, changes, undoes and hears of what is its own, and finds no way to the other's.
#include <gmock/gmock.h>

#include "gateway/realtime_clients.hpp"
#include "store/limits.hpp"

namespace lockstep::gateway {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

const std::string kRecords = "/api/v1/sources/acme/records";
const SourceId kAcme("acme");

sync::EntitySchema entity(const std::string& name, const std::vector<std::string>& texts) {
  sync::EntitySchema out;
  out.name = EntityName(name);
  for (const std::string& text : texts) {
    sync::FieldSchema field;
    field.name = text;
    out.fields.push_back(std::move(field));
  }
  return out;
}

// Contacts belong to a business by name, offers to a shop, and a shop is a business itself; notes say nothing.
std::shared_ptr<const sync::Catalog> directory() {
  std::vector<sync::SourceSchema> sources = test_catalog()->sources();
  for (sync::SourceSchema& source : sources) {
    sync::EntitySchema& contact = source.entities.front();
    for (const char* name : {"owner", "plan"}) {
      sync::FieldSchema field;
      field.name = name;
      contact.fields.push_back(field);
      for (sync::SystemBinding& binding : contact.systems) {
        sync::FieldBinding bound;
        bound.field = bound.path = name;
        binding.fields.push_back(std::move(bound));
      }
    }
    contact.business = sync::BusinessRule{"owner", {"first_name", "age"}};
    sync::EntitySchema shop = entity("shop", {"name", "plan"});
    shop.business = sync::BusinessRule{std::string(sync::kOwnId), {"name"}};
    sync::EntitySchema offer = entity("offer", {"text", "shop", "next"});
    for (std::size_t i : {1u, 2u}) offer.fields[i].type = sync::FieldType::reference;
    offer.fields[1].target = EntityName("shop");
    offer.fields[2].target = EntityName("offer");
    offer.business = sync::BusinessRule{"shop", {"text", "next"}};
    source.entities.insert(source.entities.end(), {shop, offer, entity("note", {"text", "owner"})});
  }
  return std::make_shared<const sync::Catalog>(std::move(sources));
}

Caller of_business(const std::string& name) {
  Caller out;
  out.name = "user of " + name;
  out.businesses[kAcme] = {name};
  return out;
}

class BusinessTest : public testing::Test {
 protected:
  BusinessTest() {
    for (const std::string name : {"cafe", "salon"}) world.access.callers[name] = of_business(name);
    mine = contact("cafe", "mine");
    theirs = contact("salon", "secret");
  }

  std::string make(const std::string& of, const JsonObject& fields) {
    const Answer made = world.call("admin", "POST", kRecords, to_text(JsonObject{{"entity", of}, {"fields", fields}}));
    EXPECT_EQ(made.status(), 201u) << made.response->body;
    return std::string(string_member(made.json(), "record"));
  }
  std::string contact(const std::string& owner, const std::string& name) {
    return make("contact",
                {{"first_name", name}, {"email", name + "@example.com"}, {"owner", owner}, {"plan", "free"}});
  }
  Answer get(const std::string& who, const std::string& what) { return world.call(who, "GET", what); }
  Answer edit(const std::string& who, const std::string& id, const JsonObject& fields) {
    return world.call(who, "PATCH", kRecords + "/" + id, to_text(JsonObject{{"fields", fields}}));
  }
  Json value(const std::string& id, const std::string& field) {
    const Json record = get("admin", kRecords + "/" + id).json();
    const Json* found = find_member(record.at("fields"), field);
    return found == nullptr ? Json() : *found;
  }
  std::vector<std::string> listed(const std::string& who, const std::string& query = "") {
    std::vector<std::string> out;
    const Json page = get(who, kRecords + query).json();
    for (const Json& one : page.at("items").as_array()) out.emplace_back(string_member(one, "id"));
    return out;
  }
  // The number of the entry that did this.
  Seq edited(const std::string& who, const std::string& id, const JsonObject& fields) {
    const Answer done = edit(who, id, fields);
    EXPECT_EQ(done.status(), 200u) << done.response->body;
    return done.json().at("seq").to_number<Seq>();
  }
  Answer undo(const std::string& who, Seq seq, const std::string& body = "{}") {
    return world.call(who, "POST", "/api/v1/sources/acme/journal/" + std::to_string(seq) + "/undo", body);
  }
  std::string stream(const std::string& who, const std::string& what = "/api/v1/sources/acme/events?after=0") {
    const Answer answer = get(who, what);
    EXPECT_EQ(answer.status(), 200u);
    return answer.body ? answer.body->text : "";
  }

  World world{directory()};
  std::string mine, theirs;
};

TEST_F(BusinessTest, ListsAndReadsItsOwn) {
  EXPECT_THAT(listed("cafe"), ElementsAre(mine));
  EXPECT_THAT(listed("salon"), ElementsAre(theirs));
  EXPECT_THAT(listed("viewer"), UnorderedElementsAre(mine, theirs));
  EXPECT_THAT(listed("cafe", "?query=secret"), IsEmpty());
  EXPECT_THAT(listed("cafe", "?entity=contact&query=mine"), ElementsAre(mine));
  const Json record = get("cafe", kRecords + "/" + mine).json();
  EXPECT_EQ(record.at("fields").at("plan"), "free");
  EXPECT_EQ(record.at("systems"), JsonObject());
  EXPECT_FALSE(record.at("history").as_array().empty());
  for (const Json& entry : record.at("history").as_array()) EXPECT_NE(string_member(entry, "kind"), "write");
}

TEST_F(BusinessTest, AnothersRecordIsNotThere) {
  const Answer foreign = get("cafe", kRecords + "/" + theirs);
  const Answer missing = get("cafe", kRecords + "/" + std::string(theirs.size(), '0'));
  EXPECT_EQ(foreign.status(), 404u);
  EXPECT_EQ(foreign.detail().substr(0, 18), missing.detail().substr(0, 18));
  EXPECT_EQ(edit("cafe", theirs, {{"first_name", "x"}}).status(), 404u);
  EXPECT_EQ(edit("cafe", theirs, {{"plan", "pro"}}).status(), 404u) << "not even what may not be edited";
  EXPECT_EQ(edit("cafe", theirs, {}).status(), 404u) << "nor what makes no sense";
  EXPECT_EQ(value(theirs, "first_name"), "secret");
}

// H-12 of the directory: a business that sets its own plan.
TEST_F(BusinessTest, ChangesOnlyWhatIsLeftToIt) {
  EXPECT_EQ(edit("cafe", mine, {{"first_name", "better"}, {"age", 7}}).status(), 200u);
  EXPECT_EQ(value(mine, "first_name"), "better");
  for (const JsonObject& fields : {JsonObject{{"plan", "pro"}}, JsonObject{{"first_name", "x"}, {"plan", "pro"}},
                                   JsonObject{{"owner", "salon"}}, JsonObject{{"no_such", 1}}}) {
    const Answer refused = edit("cafe", mine, fields);
    EXPECT_EQ(refused.status(), 403u) << to_text(fields);
    EXPECT_EQ(refused.response->headers.get("WWW-Authenticate"), "") << "nobody is signed out";
  }
  EXPECT_EQ(edit("cafe", theirs, {{"owner", "cafe"}}).status(), 404u);
  EXPECT_EQ(world.call("cafe", "DELETE", kRecords + "/" + mine).status(), 403u);
  EXPECT_EQ(world.call("cafe", "POST", kRecords, R"({"entity":"contact","fields":{"owner":"cafe"}})").status(), 403u);
  EXPECT_EQ(value(mine, "plan"), "free");
  EXPECT_EQ(value(mine, "first_name"), "better");
  EXPECT_EQ(value(theirs, "owner"), "salon");
}

TEST_F(BusinessTest, ARecordThatIsMovedWhileItIsEditedIsTheOthers) {
  // Both are on their way before anything is committed.
  const auto moved = world.send("admin", "PATCH", kRecords + "/" + mine, R"({"fields":{"owner":"salon"}})");
  const auto late = world.send("cafe", "PATCH", kRecords + "/" + mine, R"({"fields":{"first_name":"late"}})");
  world.settle();
  EXPECT_EQ(moved->status(), 200u);
  EXPECT_EQ(late->status(), 404u);
  EXPECT_EQ(value(mine, "first_name"), "mine");
}

TEST_F(BusinessTest, AKeyOfARequestTellsNothingOnceTheRecordIsAnothers) {
  const wire::HttpHeaders key = {{"Idempotency-Key", "one"}};
  const std::string body = R"({"fields":{"first_name":"again"}})";
  EXPECT_EQ(world.call("cafe", "PATCH", kRecords + "/" + mine, body, key).status(), 200u);
  edited("admin", mine, {{"owner", "salon"}});
  EXPECT_EQ(world.call("cafe", "PATCH", kRecords + "/" + mine, body, key).status(), 404u);
}

TEST_F(BusinessTest, UndoesItsOwnChangesOnly) {
  const Seq own = edited("cafe", mine, {{"first_name", "changed"}});
  const Seq admins = edited("admin", mine, {{"age", 5}});
  const Seq plan = edited("admin", mine, {{"plan", "pro"}});
  const Seq foreign = edited("salon", theirs, {{"first_name", "secret2"}});
  EXPECT_EQ(undo("cafe", admins).status(), 403u);
  EXPECT_EQ(undo("cafe", plan, R"({"force":true})").status(), 403u);
  EXPECT_EQ(undo("cafe", foreign).status(), 404u);
  EXPECT_EQ(undo("cafe", 1'000'000).status(), 404u);
  EXPECT_EQ(undo("cafe", own).status(), 200u);
  EXPECT_EQ(value(mine, "first_name"), "mine");
  EXPECT_EQ(value(mine, "age"), 5);
  EXPECT_EQ(value(theirs, "first_name"), "secret2");

  const Seq later = edited("cafe", mine, {{"first_name", "mine still"}});
  edited("admin", mine, {{"owner", "salon"}});
  EXPECT_EQ(undo("cafe", later).status(), 404u) << "it is another's now";
}

TEST_F(BusinessTest, UndoIsBoundByWhatIsLeftToItToday) {
  world.access.callers["two"] = {"two hats", {}, {{kAcme, Role::editor}}};
  const Seq as_editor = edited("two", mine, {{"plan", "pro"}});
  world.access.callers["two"] = of_business("cafe");
  world.access.callers["two"].name = "two hats";
  EXPECT_EQ(undo("two", as_editor).status(), 403u);
  EXPECT_EQ(value(mine, "plan"), "pro");
}

TEST_F(BusinessTest, AShopIsItsOwnBusinessAndOwnsWhatRefersToIt) {
  const std::string a = make("shop", {{"name", "a"}});
  const std::string b = make("shop", {{"name", "b"}});
  const std::string offer_a = make("offer", {{"text", "offer of a"}, {"shop", a}});
  const std::string offer_b = make("offer", {{"text", "secret of b"}, {"shop", b}});
  make("note", {{"text", "secret note"}, {"owner", a}});
  world.access.callers["a"] = of_business(a);
  EXPECT_THAT(listed("a"), UnorderedElementsAre(a, offer_a));
  EXPECT_EQ(edit("a", a, {{"name", "a!"}}).status(), 200u);
  EXPECT_EQ(edit("a", a, {{"plan", "pro"}}).status(), 403u);
  EXPECT_EQ(edit("a", b, {{"name", "x"}}).status(), 404u);
  EXPECT_EQ(edit("a", offer_a, {{"text", "new"}, {"next", offer_a}}).status(), 200u);
  const Answer guessed = edit("a", offer_a, {{"next", offer_b}});
  const Answer nothing = edit("a", offer_a, {{"next", "01J00000000000000000000000"}});
  EXPECT_EQ(guessed.status(), 422u) << "another's record is none to refer to";
  EXPECT_EQ(guessed.detail(), nothing.detail());
  EXPECT_THAT(listed("a", "?entity=note"), IsEmpty()) << "an entity that says nothing is nobody's";
}

TEST_F(BusinessTest, SeesOfTheSourceWhatItsRecordsAre) {
  const Json sources = get("cafe", "/api/v1/sources").json().at("items");
  ASSERT_EQ(sources.as_array().size(), 1u);
  const Json& only = sources.as_array().front();
  EXPECT_EQ(only.at("systems"), JsonArray());
  std::vector<std::string> names;
  for (const Json& one : only.at("entities").as_array()) {
    names.emplace_back(string_member(one, "name"));
    EXPECT_EQ(one.at("systems"), JsonArray());
  }
  EXPECT_THAT(names, ElementsAre("contact", "shop", "offer"));
  EXPECT_EQ(only.at("entities").at(0).at("business"),
            (JsonObject{{"field", "owner"}, {"edits", JsonArray{"first_name", "age"}}}));
  const Json session = get("cafe", "/api/v1/session").json();
  EXPECT_EQ(session.at("businesses"), (JsonObject{{"acme", JsonArray{"cafe"}}}));
}

// P2, in every kind of stream, also when it is read again from the journal.
TEST_F(BusinessTest, HearsOfItsOwn) {
  const Answer live = get("cafe", "/api/v1/sources/acme/events");
  const Answer everywhere = get("cafe", "/api/v1/events");
  const auto socket = socket_io(world, "cafe", R"(,"topics":["records:acme"])");
  const auto channel = phoenix(world, "cafe");
  channel->say(join("records:acme"));
  edited("admin", mine, {{"age", 41}});
  edited("admin", mine, {{"age", 41}});
  edited("admin", theirs, {{"first_name", "secret2"}});
  const std::string again = stream("cafe");
  for (const std::string& text : {live.body->text, everywhere.body->text, again}) {
    EXPECT_THAT(text, HasSubstr("\"to\":41"));
    EXPECT_THAT(text, Not(HasSubstr("secret")));
    EXPECT_THAT(text, Not(HasSubstr(theirs)));
    EXPECT_THAT(text, Not(HasSubstr(R"("kind":"write")"))) << "how systems are written to is not its own";
    EXPECT_THAT(text, Not(HasSubstr("suppressed"))) << "nor is what has changed nothing";
  }
  for (const auto& one : {socket, channel}) {
    EXPECT_THAT(one->received, Contains(HasSubstr("\"to\":41")));
    EXPECT_THAT(one->received, Not(Contains(HasSubstr("secret"))));
  }
  EXPECT_THAT(stream("salon"), HasSubstr("secret2"));
}

TEST_F(BusinessTest, AMoveShowsNeitherTheOthersContent) {
  edited("cafe", mine, {{"first_name", "of the cafe"}});
  const Seq move = edited("admin", mine, {{"owner", "salon"}, {"plan", "secret plan"}});
  edited("salon", mine, {{"first_name", "of the salon"}});
  const std::string told = "\"seq\":" + std::to_string(move);
  const std::string cafe = stream("cafe");
  EXPECT_THAT(cafe, HasSubstr("of the cafe"));
  EXPECT_THAT(cafe, HasSubstr(R"("kind":"moved")"));
  EXPECT_THAT(cafe, HasSubstr(told));
  EXPECT_THAT(cafe, Not(HasSubstr("secret plan")));
  EXPECT_THAT(cafe, Not(HasSubstr("of the salon")));
  const std::string salon = stream("salon");
  EXPECT_THAT(salon, HasSubstr(told));
  EXPECT_THAT(salon, HasSubstr("of the salon"));
  EXPECT_EQ(get("cafe", kRecords + "/" + mine).status(), 404u);
  // The next owner's history begins with the move.
  const Json record = get("salon", kRecords + "/" + mine).json();
  EXPECT_EQ(record.at("fields").at("plan"), "secret plan");
  const JsonArray& history = record.at("history").as_array();
  EXPECT_EQ(string_member(history.back(), "kind"), "moved");
  EXPECT_THAT(to_text(history), Not(HasSubstr("of the cafe\"}")));
}

TEST_F(BusinessTest, RowsOfATableAreToldOneByOne) {
  world.connectors["acme/db"]->with_tables();
  const std::string changes =
      R"({"postgres_changes":[{"event":"*","schema":"public","table":"contact","filter":"plan=neq.x"}]})";
  std::map<std::string, std::shared_ptr<FakeSocket>> socket;
  for (const std::string who : {"cafe", "salon", "viewer"}) {
    socket[who] = phoenix(world, who);
    socket[who]->say(join("any", changes));
    EXPECT_THAT(socket[who]->received.back(), HasSubstr("\"ok\"")) << who;
  }
  const std::string id = contact("cafe", "new");
  EXPECT_THAT(socket["cafe"]->received, Contains(HasSubstr("new@example.com")));
  EXPECT_THAT(socket["viewer"]->received, Contains(HasSubstr("new@example.com")));
  EXPECT_THAT(socket["salon"]->received, Not(Contains(HasSubstr("new@example.com"))));
  const std::size_t before = socket["cafe"]->received.size();
  edited("admin", id, {{"owner", "salon"}, {"first_name", "renamed"}});
  ASSERT_EQ(socket["cafe"]->received.size(), before + 1);
  const std::string last = socket["cafe"]->received.back();
  EXPECT_THAT(last, HasSubstr(R"("type":"DELETE")"));
  EXPECT_THAT(last, Not(HasSubstr("renamed")));
  EXPECT_THAT(last, Not(HasSubstr("new@example.com"))) << "the key, and no more";
  EXPECT_THAT(socket["salon"]->received.back(), HasSubstr(R"("type":"INSERT")"));
  EXPECT_THAT(socket["salon"]->received.back(), Not(HasSubstr("old_record")));
  EXPECT_THAT(socket["viewer"]->received.back(), HasSubstr(R"("type":"UPDATE")"));
  edited("salon", id, {{"age", 3}});
  EXPECT_EQ(socket["cafe"]->received.size(), before + 1);
  EXPECT_THAT(socket["salon"]->received.back(), HasSubstr(R"("type":"UPDATE")"));
}

// The record is another's already, and the table does not know yet: what it shows meanwhile is nobody's.
TEST_F(BusinessTest, ARowThatIsBehindItsRecordIsToldToNone) {
  FakeConnector& table = *world.connectors["acme/db"];
  table.with_tables();
  const std::string id = contact("cafe", "moving");
  const Json record = get("admin", kRecords + "/" + id).json();
  const std::string key(string_member(record.at("systems").at("db"), "external_id"));
  std::map<std::string, std::shared_ptr<FakeSocket>> socket;
  for (const std::string who : {"cafe", "salon", "viewer"}) {
    socket[who] = phoenix(world, who);
    socket[who]->say(join("any", R"({"postgres_changes":[{"event":"*","schema":"public"}]})"));
  }
  table.outcome = sync::OutcomeKind::retry;
  edited("admin", id, {{"owner", "salon"}});
  const Answer seen = world.call("", "POST", "/hooks/acme/db",
                                 R"({"id":")" + key +
                                     R"(","document":{"first_name":"typed in the table","email":"moving@example.com",)"
                                     R"("owner":"cafe","plan":"free"}})",
                                 {{"X-Signature", "good"}});
  EXPECT_EQ(seen.status(), 200u) << seen.response->body;
  EXPECT_THAT(socket["viewer"]->received, Contains(HasSubstr("typed in the table")));
  for (const std::string who : {"cafe", "salon"})
    EXPECT_THAT(socket[who]->received, Not(Contains(HasSubstr("typed in the table")))) << who;
}

TEST_F(BusinessTest, TopicsOfWholeSourcesAndOfOthersAreClosed) {
  for (const std::string topic :
       {"rows:acme", "ghl:acme", "records:other", "rows:other", "records:", "rows:", "records:*"}) {
    const auto channel = phoenix(world, "cafe");
    channel->say(join(topic));
    EXPECT_THAT(channel->received.back(), HasSubstr("Unauthorized")) << topic;
    const auto socket = socket_io(world, "cafe");
    socket->say(R"(420["subscribe",")" + topic + "\"]");
    EXPECT_THAT(socket->received.back(), HasSubstr(R"("ok":false)")) << topic;
  }
  EXPECT_EQ(get("cafe", "/api/v1/sources/other/events").status(), 403u);
}

// Rooms and who is in them: those of one business meet, nobody else.
TEST_F(BusinessTest, MeetsNobodyOfAnotherBusiness) {
  for (const std::string topic : {"room", "records:acme"}) {
    const auto cafe = phoenix(world, "cafe");
    cafe->say(join(topic, R"({"presence":{"key":"c"}})"));
    const std::size_t heard = cafe->received.size();
    for (const std::string who : {"salon", "viewer", "stranger"}) {
      const auto other = phoenix(world, who);
      other->say(join(topic, R"({"presence":{"key":"o"}})"));
      other->say(R"(["1","2","realtime:)" + topic +
                 R"(","presence",{"type":"presence","event":"track","payload":{"name":"secret"}}])");
      other->say(R"(["1","3","realtime:)" + topic + R"(","broadcast",{"event":"e","payload":{"text":"secret"}}])");
    }
    EXPECT_EQ(cafe->received.size(), heard) << topic;
  }
}

TEST_F(BusinessTest, WhatIsTakenAwayEndsAtOnceOrSoon) {  // P2
  const Answer live = get("cafe", "/api/v1/sources/acme/events");
  const auto socket = socket_io(world, "cafe", R"(,"topics":["records:acme"])");
  const auto channel = phoenix(world, "cafe");
  channel->say(join("records:acme"));
  world.access.callers["cafe"].businesses[kAcme] = {"salon"};
  world.loop.run_for(seconds(5));
  edited("admin", mine, {{"age", 997}});
  edited("admin", theirs, {{"age", 998}});
  EXPECT_THAT(live.body->text, Not(HasSubstr("\"to\":997")));
  EXPECT_THAT(live.body->text, HasSubstr("\"to\":998"));
  EXPECT_THAT(socket->received, Not(Contains(HasSubstr("\"to\":997"))));
  EXPECT_THAT(socket->received, Contains(HasSubstr("\"to\":998")));
  EXPECT_THAT(channel->received, Contains(HasSubstr("your rights have changed")));
  EXPECT_THAT(channel->received, Not(Contains(HasSubstr("\"to\":997"))));
  world.access.callers["cafe"].businesses.clear();
  world.loop.run_for(seconds(5));
  EXPECT_TRUE(live.body->closed);
  EXPECT_EQ(get("cafe", kRecords).status(), 403u);
  edited("admin", theirs, {{"age", 996}});
  EXPECT_THAT(live.body->text, Not(HasSubstr("\"to\":996")));
  EXPECT_THAT(socket->received, Not(Contains(HasSubstr("\"to\":996"))));
}

// A long source, of which one read looks at a part: the page is full of what is its own, and never leads on from another's.
TEST_F(BusinessTest, PagesNameNoRecordOfOthers) {
  sync::Batch batch;
  batch.first_seq = *world.store.last_seq() + 1;
  const std::size_t others = 2 * store::limits::list_scan + 10;
  for (std::size_t i = 0; i < others; ++i) {
    sync::Record record;
    record.id = RecordId("5" + std::to_string(100'000 + i));
    record.source = kAcme;
    record.entity = EntityName("contact");
    record.revision = 1;
    record.fields["owner"].value = i + 1 < others ? "salon" : "cafe";
    batch.records.push_back(std::move(record));
  }
  const std::string last = batch.records.back().id.str();
  ASSERT_TRUE(world.store.commit(batch));
  EXPECT_THAT(listed("cafe", "?limit=2"), ElementsAre(mine, last));
  const Json page = get("cafe", kRecords + "?limit=1").json();
  EXPECT_EQ(string_member(page, "next"), mine);
  EXPECT_THAT(listed("cafe", "?limit=500&after=" + mine), ElementsAre(last));
}

TEST_F(BusinessTest, AnOwnerLetsABusinessIn) {
  const std::string person = "/api/v1/sources/acme/people/";
  const std::string password = R"("password":"a password of a test")";
  EXPECT_EQ(world.call("owner", "PUT", person + "bob", "{" + password + R"(,"role":"business"})").status(), 422u);
  EXPECT_EQ(
      world.call("owner", "PUT", person + "bob", "{" + password + R"(,"role":"business","business":""})").status(),
      422u);
  const Answer made =
      world.call("owner", "PUT", person + "bob", "{" + password + R"(,"role":"business","business":"cafe"})");
  EXPECT_EQ(made.status(), 200u);
  EXPECT_EQ(made.json(), (JsonObject{{"account", "bob"}, {"role", "business"}, {"business", "cafe"}}));
  const Answer in = world.call("", "POST", "/api/v1/session", R"({"account":"bob","token":true,)" + password + "}");
  const std::string token(string_member(in.json(), "token"));
  EXPECT_THAT(listed(token), ElementsAre(mine));
  // What was granted before is gone with another grant, and with none.
  EXPECT_EQ(world.call("owner", "PUT", person + "bob", R"({"role":"business","business":"salon"})").status(), 200u);
  EXPECT_THAT(listed(token), ElementsAre(theirs));
  EXPECT_EQ(world.call("owner", "DELETE", person + "bob").status(), 200u);
  EXPECT_EQ(get(token, kRecords).status(), 403u);
}

}  // namespace
}  // namespace lockstep::gateway
