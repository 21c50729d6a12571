// What is kept equal in every run: contacts and deals of a CRM and of a database, as a configuration would say it.
#pragma once

#include <memory>

#include "simulation/plan.hpp"
#include "sync/schema.hpp"

namespace lockstep::simulation {

inline const SourceId kSource{"acme"};
inline const SystemName kCrm{"crm"};
inline const SystemName kDb{"db"};

enum class City { mapped, left_out };

std::shared_ptr<const sync::Catalog> make_catalog(const Plan& plan, City city);

}  // namespace lockstep::simulation
