#include "tests/support/people.hpp"

#include <algorithm>
#include <iterator>

namespace lockstep::tests {
namespace {

std::set<std::string> tags_of(const Json* list) {
  std::set<std::string> out;
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& tag : list->get_array()) out.insert(tag.is_string() ? std::string(tag.get_string()) : to_text(tag));
  return out;
}

std::string text(const Person& person) {
  std::string out =
      person.email + "|" + person.first_name + "|" + person.last_name + "|" + person.phone + "|" + person.city + "|";
  for (const std::string& tag : person.tags) out += tag + ",";
  return out;
}

std::string value(const std::map<std::string, std::string>& row, const std::string& column) {
  const auto at = row.find(column);
  return at == row.end() ? "" : at->second;
}

}  // namespace

Person person_from_crm(const Json& contact) {
  return {std::string(string_member(contact, "email")),    std::string(string_member(contact, "firstName")),
          std::string(string_member(contact, "lastName")), std::string(string_member(contact, "phone")),
          std::string(string_member(contact, "city")),     tags_of(find_member(contact, "tags"))};
}

Person person_from_row(const std::map<std::string, std::string>& row) {
  const auto tags = parse_json(value(row, "tags"));
  return {value(row, "email"), value(row, "first_name"), value(row, "last_name"),
          value(row, "phone"), value(row, "city"),       tags_of(tags ? &*tags : nullptr)};
}

std::string difference(const People& crm, const People& db) {
  People only_crm;
  People only_db;
  std::ranges::set_difference(crm, db, std::back_inserter(only_crm));
  std::ranges::set_difference(db, crm, std::back_inserter(only_db));
  if (only_crm.empty() && only_db.empty()) return "";
  std::string out = "crm has " + std::to_string(crm.size()) + ", db has " + std::to_string(db.size()) +
                    "; only in crm: " + std::to_string(only_crm.size()) +
                    ", only in db: " + std::to_string(only_db.size());
  for (std::size_t i = 0; i < std::min<std::size_t>(only_crm.size(), 5); ++i) out += "\n  crm " + text(only_crm[i]);
  for (std::size_t i = 0; i < std::min<std::size_t>(only_db.size(), 5); ++i) out += "\n  db  " + text(only_db[i]);
  return out;
}

std::vector<std::string> doubles(const People& people) {
  std::map<std::string, int> counts;
  for (const Person& person : people) ++counts[person.email];
  std::vector<std::string> out;
  for (const auto& [email, count] : counts) {
    if (count > 1) out.push_back(email);
  }
  return out;
}

}  // namespace lockstep::tests
