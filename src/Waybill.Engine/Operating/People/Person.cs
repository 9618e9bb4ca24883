using Microsoft.AspNetCore.Identity;

namespace Waybill.Engine.Operating.People;

/// <summary>Somebody who signs in to the pages.</summary>
public sealed class Person : IdentityUser<Guid>;
