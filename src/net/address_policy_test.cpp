#include "net/address_policy.hpp"

#include <gtest/gtest.h>

namespace lockstep::net {
namespace {

TEST(AddressPolicyTest, PublicAddressesArePublic) {
  for (const char* address : {"8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0",
                              "192.167.255.255", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8",
                              "64:ff9b::8.8.8.8", "2002:808:808::1"}) {
    EXPECT_TRUE(is_public_address(address)) << address;
  }
}

TEST(AddressPolicyTest, InwardAddressesAreNot) {
  for (const char* address : {"127.0.0.1",
                              "127.255.255.255",
                              "0.0.0.0",
                              "10.1.2.3",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "100.100.100.200",
                              "192.0.0.192",
                              "168.63.129.16",
                              "224.0.0.1",
                              "255.255.255.255",
                              "198.18.0.1",
                              "198.19.255.255",
                              "203.0.113.9",
                              "::",
                              "::1",
                              "fe80::1",
                              "fe80::1%eth0",
                              "fc00::1",
                              "fd00:ec2::254",
                              "ff02::1",
                              "2001:db8::1",
                              "2001::1",
                              "::ffff:127.0.0.1",
                              "::ffff:169.254.169.254",
                              "64:ff9b::10.0.0.1",
                              "2002:7f00:1::1",
                              "::127.0.0.1",
                              "",
                              "localhost",
                              "127.1",
                              "0x7f000001"}) {
    EXPECT_FALSE(is_public_address(address)) << address;
  }
}

TEST(AddressPolicyTest, AnOriginWrittenAsAnAddressNamesItself) {
  constexpr auto as_named = AddressReach::as_named;
  EXPECT_TRUE(permits(as_named, "10.0.0.5", "10.0.0.5"));
  EXPECT_TRUE(permits(as_named, "::1", "::1"));
  EXPECT_TRUE(permits(as_named, "0:0:0:0:0:0:0:1", "::1"));
  EXPECT_TRUE(permits(as_named, "::ffff:10.0.0.5", "10.0.0.5"));
  EXPECT_TRUE(permits(as_named, "localhost", "127.0.0.1"));
  EXPECT_TRUE(permits(as_named, "localhost", "::1"));
  EXPECT_TRUE(permits(as_named, "example.org", "8.8.8.8"));
  EXPECT_FALSE(permits(as_named, "10.0.0.5", "10.0.0.6"));
  EXPECT_FALSE(permits(as_named, "localhost", "10.0.0.5")) << "somebody's hosts file";
  EXPECT_FALSE(permits(as_named, "cms.internal", "10.0.0.5"));
  EXPECT_FALSE(permits(as_named, "example.org", "127.0.0.1"));
  EXPECT_FALSE(permits(as_named, "example.org", "::ffff:127.0.0.1"));
  EXPECT_FALSE(permits(as_named, "", ""));
  // Addresses in other clothes are names that a resolver understands.
  for (const char* host : {"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1"})
    EXPECT_FALSE(permits(as_named, host, "127.0.0.1")) << host;
}

TEST(AddressPolicyTest, TheOtherReachesDoNotLookAtTheName) {
  EXPECT_TRUE(permits(AddressReach::any, "cms.internal", "10.0.0.5"));
  EXPECT_FALSE(permits(AddressReach::public_only, "10.0.0.5", "10.0.0.5"));
  EXPECT_TRUE(permits(AddressReach::public_only, "example.org", "8.8.8.8"));
}

TEST(AddressPolicyTest, CountsACustomerOnce) {
  EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
  EXPECT_EQ(network_of("2001:db8:1:2:ffff::9"), network_of("2001:db8:1:2:3:4:5:6"));
  EXPECT_NE(network_of("2001:db8:1:3::1"), network_of("2001:db8:1:2::1"));
  EXPECT_EQ(network_of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(network_of("here"), "here");
}

}  // namespace
}  // namespace lockstep::net
