// The table of contacts as another program uses it, whichever database holds it. Contacts are named by their e-mail.
#pragma once

#include <memory>
#include <string>

#include "tests/support/people.hpp"
#include "tests/support/sql.hpp"
#include "tests/support/sqlite_file.hpp"

namespace lockstep::tests {

// What is known of a change: unknown when the connection broke before the answer.
enum class Done { yes, no, unknown };

// One connection, made again after it broke. Not for several threads.
class ContactTable {
 public:
  virtual ~ContactTable() = default;
  ContactTable() = default;
  ContactTable(const ContactTable&) = delete;
  ContactTable& operator=(const ContactTable&) = delete;

  virtual People people() = 0;  // sorted; throws when the database does not answer
  // `column` is one of the table's own names.
  virtual Done set(const std::string& email, const std::string& column, const std::string& value) = 0;
  virtual Done insert(const std::string& email, const std::string& first_name) = 0;
  virtual Done erase(const std::string& email) = 0;
};

class SqliteContacts final : public ContactTable {
 public:
  explicit SqliteContacts(const std::filesystem::path& path) : file_(path) {}
  People people() override;
  Done set(const std::string& email, const std::string& column, const std::string& value) override;
  Done insert(const std::string& email, const std::string& first_name) override;
  Done erase(const std::string& email) override;

 private:
  SqliteFile file_;
};

class PostgresContacts final : public ContactTable {
 public:
  explicit PostgresContacts(std::string url) : url_(std::move(url)) {}
  People people() override;
  Done set(const std::string& email, const std::string& column, const std::string& value) override;
  Done insert(const std::string& email, const std::string& first_name) override;
  Done erase(const std::string& email) override;

 private:
  Done change(const std::string& sql, const std::vector<std::string>& values);

  std::string url_;
  std::unique_ptr<Sql> connection_;
};

}  // namespace lockstep::tests
