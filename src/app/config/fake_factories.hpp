// Connectors for the tests of this module: settings only, they connect to nothing.
#pragma once

#include <boost/json/parse.hpp>
#include <vector>

#include "connector/connector.hpp"

namespace lockstep::app {

inline std::vector<connector::Factory> fake_factories() {
  connector::Factory crm;
  crm.kind = "fakecrm";
  crm.summary = "A CRM that does not exist.";
  crm.settings_schema = boost::json::parse(R"({
    "type": "object",
    "required": ["location_id", "token"],
    "additionalProperties": false,
    "properties": {
      "location_id": {"type": "string", "pattern": "^[A-Za-z0-9]{4,40}$", "description": "The location."},
      "token": {"type": "string", "writeOnly": true, "description": "The token."},
      "page_size": {"type": "integer", "minimum": 1, "maximum": 100, "default": 100, "description": "Objects per page."},
      "timeout": {"type": "string", "format": "duration", "default": "30s", "description": "Of one call."},
      "mode": {"type": "string", "enum": ["v2", "v3"], "default": "v2", "description": "Of the API."},
      "ratio": {"type": "number", "minimum": 0, "maximum": 1, "description": "A share."},
      "webhooks": {"type": "object", "additionalProperties": false, "properties": {
        "keys": {"type": "array", "maxItems": 2, "items": {"type": "string"}, "description": "Public keys."},
        "verify": {"type": "boolean", "default": true, "description": "Whether signatures are checked."}}}
    }})");
  crm.check_settings = [](const connector::SystemSettings& settings) {
    std::vector<connector::SettingProblem> problems;
    if (settings.settings.at("location_id").get_string() == "forbidden") {
      problems.push_back({"location_id", "this location is not yours"});
    }
    if (settings.entities.empty()) problems.push_back({"", "nothing to do"});
    return problems;
  };

  connector::Factory db;
  db.kind = "fakedb";
  db.summary = "A database that does not exist.";
  db.settings_schema = boost::json::parse(R"({
    "type": "object",
    "required": ["url"],
    "additionalProperties": false,
    "properties": {"url": {"type": "string", "description": "Where it is."},
      "capture": {"enum": ["auto", "off"], "default": "auto"},
      "password": {"type": "string"},
      "tables": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": false,
        "properties": {"key": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}}}}}})");
  return {std::move(crm), std::move(db)};
}

}  // namespace lockstep::app
