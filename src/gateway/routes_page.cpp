// GET / and the page's files. Strict headers: nothing is loaded from anywhere else.
#include "gateway/context.hpp"
#include "gateway/page_files.hpp"

namespace lockstep::gateway {

void add_page_routes(Router& router, Context&) {
  for (const PageFile& file : page_files()) {
    const auto run = [&file](std::shared_ptr<Call> call) {
      wire::HttpResponse response;
      response.headers.add("Content-Type", std::string(file.media_type));
      response.headers.add("Cache-Control", "no-cache");
      response.headers.add("X-Content-Type-Options", "nosniff");
      response.headers.add("Referrer-Policy", "no-referrer");
      response.headers.add(
          "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
      response.body = file.text;
      call->answer(std::move(response));
    };
    if (file.name == "index.html") router.add({"GET", "/", Needs::nothing, run});
    router.add({"GET", "/" + std::string(file.name), Needs::nothing, run});
  }
}

}  // namespace lockstep::gateway
