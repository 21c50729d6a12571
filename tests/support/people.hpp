// What two systems hold about people, brought into one shape so that it can be compared.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace lockstep::tests {

struct Person {
  std::string email;
  std::string first_name;
  std::string last_name;
  std::string phone;
  std::string city;
  std::set<std::string> tags;

  friend auto operator<=>(const Person&, const Person&) = default;
};

// Sorted: equal content is equal whatever the order, and a person who is there twice counts twice.
using People = std::vector<Person>;

Person person_from_crm(const Json& contact);
Person person_from_row(const std::map<std::string, std::string>& row);

// "" when equal; else how many differ and the first few, with both sides.
std::string difference(const People& crm, const People& db);

// E-mails that occur more than once.
std::vector<std::string> doubles(const People& people);

}  // namespace lockstep::tests
