#include "tests/support/contact_table.hpp"

#include <algorithm>
#include <stdexcept>

namespace lockstep::tests {
namespace {

People people_of(const std::vector<Row>& rows) {
  People out;
  for (const Row& row : rows) out.push_back(person_from_row(row));
  std::ranges::sort(out);
  return out;
}

Done done(bool changed) { return changed ? Done::yes : Done::no; }

}  // namespace

People SqliteContacts::people() { return people_of(file_.query("SELECT * FROM contacts")); }

Done SqliteContacts::set(const std::string& email, const std::string& column, const std::string& value) {
  return done(file_.run("UPDATE contacts SET " + column + " = ? WHERE email = ?", {value, email}) == 1);
}

Done SqliteContacts::insert(const std::string& email, const std::string& first_name) {
  return done(file_.run("INSERT INTO contacts (id, email, first_name) VALUES (?, ?, ?)",
                        {"row-" + email, email, first_name}) == 1);
}

Done SqliteContacts::erase(const std::string& email) {
  return done(file_.run("DELETE FROM contacts WHERE email = ?", {email}) == 1);
}

People PostgresContacts::people() {
  for (;;) {
    const bool fresh = !connection_;
    if (fresh) connection_ = std::make_unique<Sql>(url_);
    try {
      return people_of(
          connection_->query("SELECT email, phone, first_name, last_name, city, to_jsonb(tags) AS tags FROM contacts"));
    } catch (const std::runtime_error&) {
      connection_.reset();
      if (fresh) throw;  // else it may only have been the old connection
    }
  }
}

Done PostgresContacts::set(const std::string& email, const std::string& column, const std::string& value) {
  return change("UPDATE contacts SET " + column + " = $1 WHERE email = $2 RETURNING 1 AS done", {value, email});
}

Done PostgresContacts::insert(const std::string& email, const std::string& first_name) {
  return change("INSERT INTO contacts (email, first_name) VALUES ($1, $2) RETURNING 1 AS done", {email, first_name});
}

Done PostgresContacts::erase(const std::string& email) {
  return change("DELETE FROM contacts WHERE email = $1 RETURNING 1 AS done", {email});
}

Done PostgresContacts::change(const std::string& sql, const std::vector<std::string>& values) {
  try {
    if (!connection_) connection_ = std::make_unique<Sql>(url_);
  } catch (const std::runtime_error&) {
    return Done::no;  // never reached it
  }
  try {
    return done(connection_->query(sql, values).size() == 1);
  } catch (const std::runtime_error&) {
    connection_.reset();
    return Done::unknown;
  }
}

}  // namespace lockstep::tests
