using System.Text;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

/// <summary>A damaged file is either a valid configuration or refused with a message; nothing else is thrown.</summary>
public sealed class DamagedConfigurationTests(ITestOutputHelper output) : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_damaged_file_is_accepted_or_refused_with_a_message()
    {
        byte[][] good =
        [
            Encoding.UTF8.GetBytes(ConfigurationFixture.Design),
            Encoding.UTF8.GetBytes(ConfigurationFixture.Small()),
            File.ReadAllBytes(ConfigurationFixture.RepositoryFile("Deploy", "appsettings.example.json")),
        ];
        var damage = new Damage(20240302);
        var (rounds, accepted) = (3_000 * Damage.Longer, 0);
        for (var round = 0; round < rounds; round++)
        {
            var file = damage.Of(good);
            var path = Path.Combine(_fixture.Current, "damaged.json");
            File.WriteAllBytes(path, file);
            try
            {
                var read = EdgeConfiguration.Load(path, _fixture.Sources);
                _ = read.ToEdgeSettings("model");
                _ = read.ToCameraSettings().ToList();
                _ = read.ToMqttSettings(new Uri("mqtt://127.0.0.1:1"));
                accepted++;
            }
            catch (ConfigurationException refusal)
            {
                Assert.NotEmpty(refusal.Message);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Round {round}, {Convert.ToBase64String(file)}: {exception.Message}", exception);
            }
        }

        output.WriteLine($"{rounds} files, {accepted} accepted");
        Assert.InRange(accepted, rounds / 50, rounds);
    }
}
