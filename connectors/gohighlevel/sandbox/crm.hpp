// The simulated CRM itself: its records and what an edit does to them, to the search index and to the
// events it fires. Who asks (the API or a person at the CRM's pages) makes no difference to the effect;
// it only decides whether the edit counts as an API write.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "connectors/gohighlevel/sandbox/edits.hpp"
#include "connectors/gohighlevel/sandbox/refusal.hpp"
#include "connectors/gohighlevel/sandbox/state.hpp"

namespace lockstep::gohighlevel::sandbox {

// Where events go. wants() lets the CRM skip rendering what nobody listens to.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual bool wants(std::string_view type, const std::string& location_id) const = 0;
  virtual void emit(std::string_view type, const std::string& location_id, JsonObject payload, Time at) = 0;
};

enum class Actor { api, person };
enum class Quiet { no, yes };  // yes: fires no events (seeding, merging)

struct CrmRules {
  EditRules edits;
  ContactDelete contact_delete = ContactDelete::takes_opportunities;
  Duration index_lag = {};
  Duration index_lag_jitter = {};
};

struct Duplicate {
  ContactVersion contact;
  MatchKey key;
};

// One thread. Every change is complete when the call returns.
class Crm {
 public:
  Crm(CrmRules rules, const Clock& clock, Random& random, EventSink& events)
      : rules_(rules), clock_(clock), random_(random), events_(events) {}
  Crm(const Crm&) = delete;
  Crm& operator=(const Crm&) = delete;

  const CrmRules& rules() const { return rules_; }
  Location* location(std::string_view id);
  const std::map<std::string, std::unique_ptr<Location>, std::less<>>& locations() const { return locations_; }
  Location& add_location(LocationSettings settings);
  Location& first_location() { return *first_location_; }  // the one added first; there is always one
  // Applied edits that came through the API, by kind ("contact.update"), over all locations.
  const std::map<std::string, std::uint64_t, std::less<>>& api_writes() const { return api_writes_; }
  void forget_api_writes() { api_writes_.clear(); }

  Time now() const;  // in whole milliseconds, as the API shows times
  std::string make_id();
  std::string make_uuid();

  // Versions are passed by value: an edit replaces the one that a record's container holds.

  // --- contacts
  // 400 when the id is unknown, 403 when it belongs to another location than `location`.
  Outcome<ContactVersion> contact(const Location& location, std::string_view id) const;
  // By the location's match keys in their order; additional e-mails count as e-mails.
  std::optional<Duplicate> find_duplicate(const Location& location, std::string_view email, std::string_view phone,
                                          std::string_view except) const;
  Outcome<ContactVersion> create_contact(Location& location, const ContactEdit& edit, Actor actor,
                                         Quiet quiet = Quiet::no);
  Outcome<ContactVersion> update_contact(Location& location, ContactVersion before, const ContactEdit& edit,
                                         Actor actor);
  void delete_contact(Location& location, ContactVersion before, Actor actor, Quiet quiet = Quiet::no);
  // With the id and the values that it had; fires ContactCreate.
  Outcome<ContactVersion> restore_contact(Location& location, const std::string& id);
  ContactVersion set_tags(Location& location, ContactVersion before, std::vector<std::string> tags,
                          std::string_view kind, Actor actor);
  ContactVersion set_followers(Location& location, ContactVersion before, std::vector<std::string> followers,
                               Actor actor);
  // What merging two contacts in the CRM's pages does: `kept` takes what it lacks from `removed`, whose
  // e-mail becomes an additional one. No documented event tells of a merge, so with Quiet::yes none is fired.
  ContactVersion merge_contacts(Location& location, ContactVersion kept, ContactVersion removed, Quiet quiet);

  // --- opportunities
  Outcome<OpportunityVersion> opportunity(const Location& location, std::string_view id) const;
  Outcome<OpportunityVersion> create_opportunity(Location& location, const OpportunityEdit& edit, Actor actor,
                                                 Quiet quiet = Quiet::no);
  Outcome<OpportunityVersion> update_opportunity(Location& location, OpportunityVersion before,
                                                 const OpportunityEdit& edit, Actor actor,
                                                 std::string_view kind = "opportunity.update");
  void delete_opportunity(Location& location, OpportunityVersion before, Actor actor, Quiet quiet = Quiet::no);
  OpportunityVersion set_followers(Location& location, OpportunityVersion before, std::vector<std::string> followers,
                                   Actor actor);

  // --- definitions
  Outcome<CustomField> create_custom_field(Location& location, const JsonObject& body, Actor actor);
  Outcome<CustomField> update_custom_field(Location& location, std::string_view id, const JsonObject& body,
                                           Actor actor);
  // Values of a deleted field vanish from every record; that fires nothing and changes no dateUpdated.
  Outcome<void> delete_custom_field(Location& location, std::string_view id, Actor actor);

  // For notes, tasks and tags, which have no logic of their own.
  void wrote(Actor actor, std::string_view kind);
  EventSink& events() { return events_; }

 private:
  ContactVersion store(Location& location, ContactVersion before, Contact next);
  OpportunityVersion store(Location& location, OpportunityVersion before, Opportunity next);
  void remember_tags(Location& location, const std::vector<std::string>& tags);
  void fire_contact(std::string_view type, const Location& location, const Contact& contact);
  void fire_opportunity(std::string_view type, const Location& location, const Opportunity& opportunity);
  void fire_contact_changes(const Location& location, const Contact& before, const Contact& after);
  Time visible_at(Time now);

  CrmRules rules_;
  const Clock& clock_;
  Random& random_;
  EventSink& events_;
  std::map<std::string, std::unique_ptr<Location>, std::less<>> locations_;
  Location* first_location_ = nullptr;
  std::map<std::string, std::uint64_t, std::less<>> api_writes_;
  std::uint64_t version_ = 0;
};

}  // namespace lockstep::gohighlevel::sandbox
