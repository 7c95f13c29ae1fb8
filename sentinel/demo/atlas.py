"""Names for generated tenants: where offices stand and what services companies run."""

COUNTRIES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("Europe", "Switzerland", "Europe/Zurich", ("Zurich", "Geneva", "Basel", "Bern", "Lausanne", "Lugano")),
    ("Europe", "Germany", "Europe/Berlin", ("Berlin", "München", "Hamburg", "Köln", "Frankfurt", "Düsseldorf")),
    ("Europe", "France", "Europe/Paris", ("Paris", "Lyon", "Lille", "Marseille", "Toulouse", "Nantes")),
    ("Europe", "United Kingdom", "Europe/London", ("London", "Leeds", "Bristol", "Glasgow", "Cardiff", "Belfast")),
    ("Europe", "Spain", "Europe/Madrid", ("Madrid", "Barcelona", "Valencia", "Sevilla", "Bilbao", "Málaga")),
    ("Europe", "Italy", "Europe/Rome", ("Milano", "Roma", "Torino", "Bologna", "Napoli", "Genova")),
    ("Europe", "Poland", "Europe/Warsaw", ("Warszawa", "Kraków", "Wrocław", "Gdańsk", "Poznań", "Łódź")),
    ("Europe", "Sweden", "Europe/Stockholm", ("Stockholm", "Göteborg", "Malmö", "Uppsala", "Västerås", "Lund")),
    (
        "North America",
        "United States",
        "America/New_York",
        ("New York", "Boston", "Atlanta", "Miami", "Detroit", "Pittsburgh"),
    ),
    (
        "North America",
        "United States",
        "America/Chicago",
        ("Chicago", "Austin", "Dallas", "Houston", "Nashville", "Omaha"),
    ),
    (
        "North America",
        "United States",
        "America/Los_Angeles",
        ("Seattle", "Portland", "San Diego", "Oakland", "Fresno", "Reno"),
    ),
    (
        "North America",
        "Canada",
        "America/Toronto",
        ("Toronto", "Montréal", "Ottawa", "Québec", "London (Ontario)", "Windsor"),
    ),
    (
        "North America",
        "Mexico",
        "America/Mexico_City",
        ("Monterrey", "Guadalajara", "Puebla", "León", "Querétaro", "Mérida"),
    ),
    (
        "South America",
        "Brazil",
        "America/Sao_Paulo",
        ("São Paulo", "Curitiba", "Recife", "Salvador", "Campinas", "Belém"),
    ),
    (
        "South America",
        "Chile",
        "America/Santiago",
        ("Santiago", "Valparaíso", "Concepción", "Temuco", "Iquique", "Arica"),
    ),
    ("Asia", "Japan", "Asia/Tokyo", ("Tokyo", "Osaka", "Nagoya", "Sapporo", "Fukuoka", "Sendai")),
    ("Asia", "India", "Asia/Kolkata", ("Mumbai", "Pune", "Bengaluru", "Chennai", "Hyderabad", "Noida")),
    ("Asia", "Singapore", "Asia/Singapore", ("Jurong", "Changi", "Tampines", "Woodlands", "Queenstown", "Novena")),
    ("Asia", "United Arab Emirates", "Asia/Dubai", ("Dubai", "Abu Dhabi", "Sharjah", "Al Ain", "Ajman", "Fujairah")),
    (
        "Africa",
        "South Africa",
        "Africa/Johannesburg",
        ("Johannesburg", "Cape Town", "Durban", "Pretoria", "Bloemfontein", "George"),
    ),
    ("Africa", "Egypt", "Africa/Cairo", ("Cairo", "Alexandria", "Giza", "Luxor", "Aswan", "Suez")),
    ("Oceania", "Australia", "Australia/Sydney", ("Sydney", "Canberra", "Newcastle", "Wollongong", "Albury", "Dubbo")),
    (
        "Oceania",
        "New Zealand",
        "Pacific/Auckland",
        ("Auckland", "Wellington", "Hamilton", "Dunedin", "Napier", "Nelson"),
    ),
)
"""Continent, country, time zone, cities."""

SERVICES: tuple[tuple[str, str], ...] = (
    ("Exchange Online", "connection"),
    ("Teams", "connection"),
    ("SAP ERP", "connection"),
    ("SAP Fiori", "web"),
    ("Intranet", "web"),
    ("SharePoint Online", "web"),
    ("ServiceNow", "web"),
    ("File Shares", "connection"),
    ("Citrix Workspace", "connection"),
    ("Salesforce", "web"),
    ("Print Service", "connection"),
    ("DNS", "connection"),
    ("Web Proxy", "connection"),
    ("OneDrive", "web"),
    ("Active Directory", "connection"),
    ("VPN Gateway", "connection"),
    ("Jira", "web"),
    ("Confluence", "web"),
    ("Workday", "web"),
    ("Power BI", "web"),
    ("GitLab", "web"),
    ("Telephony", "connection"),
    ("Time Recording", "web"),
    ("Travel & Expenses", "web"),
    ("Document Archive", "connection"),
    ("CAD Licences", "connection"),
    ("Warehouse Scanner", "connection"),
    ("Learning Portal", "web"),
    ("Payroll", "web"),
    ("Remote Desktop", "connection"),
)

ORDERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Location", ("Continent", "Country", "Region", "City", "Campus")),
    ("Organisation", ("Division", "Department", "Unit", "Team", "Group")),
    ("Network", ("Carrier", "Backbone", "Area", "Gateway", "Segment")),
    ("Contract", ("Customer", "Agreement", "Lot", "Desk", "Queue")),
)
"""Hierarchies and their user-defined levels; the entity level below them is called Site."""

TOPS: dict[str, tuple[str, ...]] = {
    "Organisation": ("Operations", "Sales", "Finance", "Research & Development", "Logistics", "Human Resources"),
    "Network": ("Backbone North", "Backbone South", "Carrier One", "Carrier Two", "Satellite"),
    "Contract": ("Standard", "Premium", "Plant", "Retail"),
}

REGIONS = ("North", "South", "East", "West")
