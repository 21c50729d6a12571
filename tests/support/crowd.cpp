#include "tests/support/crowd.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lockstep::tests {
namespace {

constexpr const char* kFields[] = {"first_name", "last_name", "city"};
constexpr std::size_t kMadeKept = 20;  // contacts of its own that a side goes on editing
constexpr std::chrono::seconds kApiDeadline{10};
constexpr std::chrono::milliseconds kBehindMost{200};
constexpr std::size_t kComplaintBytes = 2'000;

std::size_t index(Side side) { return static_cast<std::size_t>(side); }

const char* crm_name(const std::string& field) {
  if (field == "first_name") return "firstName";
  if (field == "last_name") return "lastName";
  return "city";
}

const std::string& value_of(const Person& person, const std::string& field) {
  if (field == "first_name") return person.first_name;
  return field == "last_name" ? person.last_name : person.city;
}

}  // namespace

Crowd::Crowd(CrmSandbox& crm, const Server& server, std::unique_ptr<ContactTable> table, std::uint64_t seed,
             CrmDeletes crm_deletes)
    : crm_(crm), server_(server), table_(std::move(table)), crm_deletes_(crm_deletes), random_(seed) {}

Crowd::~Crowd() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
}

std::string Crowd::learn() {
  std::map<std::string, std::string> record_ids;
  HttpConnection connection(server_.port());
  for (std::string after;;) {
    const auto reply =
        connection.call("GET", "/api/v1/sources/main/records?limit=100" + (after.empty() ? "" : "&after=" + after));
    if (!reply || reply->status != 200) return "the list of records can not be read";
    const Json page = reply->json();
    for (const Json& record : page.at("items").get_array())
      record_ids[std::string(string_member(record.at("fields"), "email"))] = string_member(record, "id");
    after = string_member(page, "next");
    if (after.empty()) break;
  }
  api_ = server_.connect();
  contacts_.clear();
  for (const Json& contact : crm_.contacts()) {
    const std::string email(string_member(contact, "email"));
    if (!record_ids.contains(email)) return email + " is in the CRM and has no record";
    contacts_.push_back({email, std::string(string_member(contact, "id")), record_ids.at(email)});
    presence_[email] = Presence::there;
    const Person person = person_from_crm(contact);
    for (const char* field : kFields) expected_[{email, field}].possible = {value_of(person, field)};
  }
  std::ranges::sort(contacts_, {}, &Contact::email);
  return contacts_.empty() ? "nobody is there" : "";
}

Crowd::Choice Crowd::choose(Side side) {
  const std::lock_guard lock(mutex_);
  const std::size_t me = index(side);
  Own& own = own_[me];
  ++number_;
  ++own.tally.asked;
  Choice out;
  const bool deletes = side != Side::crm || crm_deletes_ == CrmDeletes::some;
  const std::uint64_t dice = random_.below(20);
  const bool full = own.made.size() >= kMadeKept;
  if (full && !deletes) own.made.erase(own.made.begin());  // it stays, and nobody edits it any more
  if ((dice == 0 && !(full && deletes)) || (dice == 1 && own.made.empty())) {
    out.kind = Choice::Kind::make;
    out.field = kFields[0];
    out.contact.email = fmt::format("made-{}@example.com", number_);
  } else if (deletes && dice == 1 && !own.made.empty()) {
    out.kind = Choice::Kind::erase;
    out.contact = own.made.front();
  } else if (dice == 2 && !own.made.empty()) {
    out.contact = own.made[random_.below(own.made.size())];
    out.field = kFields[1];
  } else {
    const std::size_t at = random_.below(contacts_.size());
    out.contact = contacts_[at];
    out.field = kFields[(me + 3 - at % 3) % 3];  // whose the names of the contact are follows from its place
  }
  constexpr const char* kNames[] = {"Crm", "Db", "Api"};
  out.value = fmt::format("{} {}", kNames[me], number_);
  return out;
}

void Crowd::asked(const Choice& choice) {
  const std::lock_guard lock(mutex_);
  if (choice.kind != Choice::Kind::edit) presence_[choice.contact.email] = Presence::maybe;
  if (choice.kind != Choice::Kind::erase) expected_[{choice.contact.email, choice.field}].possible.insert(choice.value);
  // Nothing stands there until an edit is acknowledged.
  if (choice.kind == Choice::Kind::make) expected_[{choice.contact.email, kFields[1]}].possible.insert("");
}

void Crowd::acknowledged(Side side, const Choice& choice) {
  const std::lock_guard lock(mutex_);
  Own& own = own_[index(side)];
  ++own.tally.acknowledged;
  const std::string& email = choice.contact.email;
  if (choice.kind == Choice::Kind::make) {
    presence_[email] = Presence::there;
    own.made.push_back(choice.contact);
  }
  if (choice.kind == Choice::Kind::erase) {
    presence_[email] = Presence::gone;
  } else if (choice.field != kFields[2]) {
    expected_[{email, choice.field}].possible = {choice.value};
  }
}

void Crowd::forget_made(Side side, const std::string& email) {
  const std::lock_guard lock(mutex_);
  std::erase_if(own_[index(side)].made, [&](const Contact& one) { return one.email == email; });
}

void Crowd::complain(const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (complaints_.size() < kComplaintBytes) complaints_ += what + "\n";
}

bool Crowd::step(Side side) {
  if (side == Side::api && own_[index(side)].unanswered) return repeat();
  const Choice choice = choose(side);
  asked(choice);
  if (choice.kind == Choice::Kind::erase) forget_made(side, choice.contact.email);
  switch (side) {
    case Side::crm: return act_in_crm(choice);
    case Side::db: return act_in_db(choice);
    case Side::api: return send(api_call(choice));
  }
  return false;
}

bool Crowd::act_in_crm(const Choice& choice) {
  Choice done = choice;
  bool answered = false;
  if (choice.kind == Choice::Kind::make) {
    done.contact.crm_id = crm_.create({{"email", choice.contact.email}, {"firstName", choice.value}});
    answered = !done.contact.crm_id.empty();
  } else if (choice.kind == Choice::Kind::erase) {
    answered = !crm_.control("DELETE", "contacts/" + choice.contact.crm_id).is_null();
  } else {
    answered = crm_.edit(choice.contact.crm_id, {{crm_name(choice.field), choice.value}});
  }
  if (answered) acknowledged(Side::crm, done);
  return answered;
}

bool Crowd::act_in_db(const Choice& choice) {
  const std::string& email = choice.contact.email;
  const Done done = choice.kind == Choice::Kind::make    ? table_->insert(email, choice.value)
                    : choice.kind == Choice::Kind::erase ? table_->erase(email)
                                                         : table_->set(email, choice.field, choice.value);
  if (done == Done::yes) acknowledged(Side::db, choice);
  return done == Done::yes;
}

Crowd::ApiCall Crowd::api_call(const Choice& choice) const {
  const std::string records = "/api/v1/sources/main/records";
  ApiCall call{"PATCH", records + "/" + choice.contact.record_id, "", choice.contact.email + choice.value, choice};
  if (choice.kind == Choice::Kind::make) {
    call.method = "POST";
    call.target = records;
    call.body = to_text(JsonObject{
        {"entity", "contact"}, {"fields", JsonObject{{"email", choice.contact.email}, {choice.field, choice.value}}}});
  } else if (choice.kind == Choice::Kind::erase) {
    call.method = "DELETE";
  } else {
    call.body = to_text(JsonObject{{"fields", JsonObject{{choice.field, choice.value}}}});
  }
  return call;
}

bool Crowd::repeat() {
  Own& own = own_[index(Side::api)];
  const std::optional<ApiCall> call = own.unanswered;
  if (!call) return true;
  {
    const std::lock_guard lock(mutex_);
    ++own.tally.asked;
  }
  return send(*call);
}

bool Crowd::send(const ApiCall& call) {
  if (!api_) return false;
  const auto reply = api_->call(call.method, call.target, call.body, {{"Idempotency-Key", call.key}}, kApiDeadline);
  std::optional<ApiCall>& unanswered = own_[index(Side::api)].unanswered;
  // 429: try again later; 504: nobody knows.
  if (!reply || reply->status == 429 || reply->status == 504) {
    unanswered = call;
    return false;
  }
  unanswered.reset();
  // A repeated delete whose first answer was cut off finds it gone.
  if (reply->status >= 300 && !(call.method == "DELETE" && reply->status == 404)) {
    complain(fmt::format("{} {} got {} {}", call.method, call.target, reply->status, reply->body.substr(0, 300)));
    return true;
  }
  Choice done = call.choice;
  if (call.method == "POST") done.contact.record_id = string_member(reply->json(), "record");
  acknowledged(Side::api, done);
  return true;
}

bool Crowd::knock(const std::string& email, std::chrono::milliseconds deadline) {
  Choice choice;
  choice.kind = Choice::Kind::make;
  choice.contact.email = email;
  choice.field = kFields[0];
  choice.value = "Knocks";
  asked(choice);
  const ApiCall call = api_call(choice);
  HttpConnection connection(server_.port());
  const auto reply = connection.call(call.method, call.target, call.body, {{"Idempotency-Key", call.key}}, deadline);
  if (!reply || reply->status >= 300) return false;
  const std::lock_guard lock(mutex_);
  presence_[email] = Presence::there;
  return true;
}

void Crowd::start(std::chrono::milliseconds pause_each) { start(Pace::pause_after, pause_each); }

void Crowd::start_at(double per_second) {
  start(Pace::evenly, std::chrono::microseconds(static_cast<std::int64_t>(std::size(own_) * 1e6 / per_second)));
}

void Crowd::start(Pace pace, std::chrono::microseconds each) {
  stopping_ = false;
  for (const Side side : {Side::crm, Side::db, Side::api}) {
    threads_.emplace_back([this, side, pace, each] {
      auto next = std::chrono::steady_clock::now();
      while (!stopping_) {
        step(side);
        const auto now = std::chrono::steady_clock::now();
        // What was missed while nobody answered is not made up for.
        next = pace == Pace::pause_after ? now + each : std::max(next + each, now - kBehindMost);
        std::this_thread::sleep_until(next);
      }
    });
  }
}

std::string Crowd::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return eventually(std::chrono::seconds(30), [&] { return repeat(); }) ? "" : "a call of the API gets no answer";
}

std::string Crowd::audit(const People& crm, const People& db) const {
  const std::lock_guard lock(mutex_);
  std::string wrong = complaints_;
  const auto say = [&](const std::string& what) {
    if (wrong.size() < kComplaintBytes) wrong += what + "\n";
  };
  if (const std::string unequal = difference(crm, db); !unequal.empty()) say(unequal);
  for (const auto& [name, people] : {std::pair("crm", &crm), std::pair("db", &db)}) {
    for (const std::string& email : doubles(*people)) say(fmt::format("{}: {} is there twice", name, email));
    std::map<std::string, const Person*> by_email;
    for (const Person& person : *people) {
      by_email[person.email] = &person;
      if (!presence_.contains(person.email)) say(fmt::format("{}: nobody made '{}'", name, person.email));
    }
    for (const auto& [email, presence] : presence_) {
      const bool there = by_email.contains(email);
      if (presence == Presence::there && !there) say(fmt::format("{}: {} is lost", name, email));
      if (presence == Presence::gone && there) say(fmt::format("{}: {} is back", name, email));
    }
    for (const auto& [key, expected] : expected_) {
      const auto at = by_email.find(key.first);
      if (at == by_email.end()) continue;
      const std::string& held = value_of(*at->second, key.second);
      if (expected.possible.contains(held)) continue;
      say(fmt::format("{}: {} of {} is '{}', '{}' was acknowledged", name, key.second, key.first, held,
                      *expected.possible.rbegin()));
    }
  }
  return wrong;
}

Crowd::Tally Crowd::tally(Side side) const {
  const std::lock_guard lock(mutex_);
  return own_[index(side)].tally;
}

Crowd::Tally Crowd::tally() const {
  const std::lock_guard lock(mutex_);
  Tally out;
  for (const Own& own : own_) out = {out.asked + own.tally.asked, out.acknowledged + own.tally.acknowledged};
  return out;
}

std::size_t Crowd::made() const {
  const std::lock_guard lock(mutex_);
  return presence_.size() - contacts_.size();
}

}  // namespace lockstep::tests
