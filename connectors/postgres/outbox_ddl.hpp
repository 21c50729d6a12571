// The SQL that makes the outbox and its triggers (outbox.hpp says how they are used). Pure text.
#pragma once

#include <string>

#include "connectors/postgres/layout.hpp"

namespace lockstep::postgres {

// Schema, table and function; sent at once they are one transaction.
std::string create_outbox_sql(const Settings& settings);
// Moves the sequence to the log's position when that is higher.
std::string raise_sequence_sql(const Settings& settings);
std::vector<std::string> trigger_names(const Settings& settings, const TableLayout& table);
// A row when all triggers stand.
std::string has_triggers_sql(const Settings& settings, const TableLayout& table);
std::string create_triggers_sql(const Settings& settings, const TableLayout& table);

}  // namespace lockstep::postgres
