using System.Collections.Frozen;
using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Waybill.Web.Access;

/// <summary>Styles, scripts and the icon, served out of this assembly: no directory has to be found and nothing is fetched from elsewhere.</summary>
internal sealed class Assets
{
    private const string Prefix = "assets/";

    private readonly FrozenDictionary<string, Asset> _byName;

    public Assets()
    {
        var assembly = typeof(Assets).Assembly;
        _byName = assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => Asset.Load(assembly, name))
            .ToFrozenDictionary(asset => asset.Name);
    }

    /// <summary>The address of an asset. It changes with its content, so browsers may keep it for ever.</summary>
    public string Url(string name) => $"/_assets/{_byName[name].Hash}/{name}";

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/_assets/{hash}/{name}", (string hash, string name, HttpContext http) =>
        {
            if (!_byName.TryGetValue(name, out var asset) || asset.Hash != hash)
            {
                return Results.NotFound();
            }

            http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
            http.Response.Headers.Vary = HeaderNames.AcceptEncoding;
            if (!http.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal))
            {
                return Results.Bytes(asset.Octets, asset.ContentType);
            }

            http.Response.Headers.ContentEncoding = "br";
            return Results.Bytes(asset.Compressed, asset.ContentType);
        }).AllowAnonymous();

    private sealed record Asset(string Name, string Hash, string ContentType, byte[] Octets)
    {
        // Squeezed when the first browser asks: most commands never serve a page.
        private readonly Lazy<byte[]> _compressed = new(() =>
        {
            using var target = new MemoryStream();
            using (var brotli = new BrotliStream(target, CompressionLevel.Optimal))
            {
                brotli.Write(Octets);
            }

            return target.ToArray();
        });

        public byte[] Compressed => _compressed.Value;

        public static Asset Load(Assembly assembly, string resource)
        {
            using var source = assembly.GetManifestResourceStream(resource)!;
            var octets = new byte[source.Length];
            source.ReadExactly(octets);
            var name = resource[Prefix.Length..];
            var type = Path.GetExtension(name) switch
            {
                ".css" => "text/css; charset=utf-8",
                ".js" => "text/javascript; charset=utf-8",
                _ => "image/svg+xml",
            };
            return new Asset(name, Convert.ToHexStringLower(SHA256.HashData(octets))[..12], type, octets);
        }
    }
}
